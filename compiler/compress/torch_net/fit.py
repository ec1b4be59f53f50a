"""Fine-tuning."""

from __future__ import annotations

from math import cos, pi
from typing import Any

import torch

from ....runtime.errors import DataError
from ..network import Network
from .loss import loss
from .module import TorchNet
from .options import FitOptions
from .teacher import Teacher
from .variants import Variants

#: Images that the statistics of Norm are measured on after training, and how many at a time.
_MEASURED = 8192
_TOGETHER = 256


def fit(
    network: Network,
    images: Variants,
    labels: Any,
    teacher: Teacher | None,
    options: FitOptions,
    dtype: Any,
    *,
    seed: int,
    slimming: float = 0.0,
) -> Network:
    """Return the network after AdamW with one cycle of the learning rate.

    Everything random comes from ``seed``; with as many threads on the same machine the
    result is the same to the last bit.

    Parameters
    ----------
    network : Network
    images : Variants
    labels : tensor (N, ...)
    teacher : Teacher or None
    options : FitOptions
    dtype : torch.dtype
        Of activations.
    seed : int
        Of the order of images and versions.
    slimming : float
        L1 penalty on the gammas of Norm, each in units of the layer's root mean square.

    Raises
    ------
    DataError
        If the loss is not finite.
    """
    net = TorchNet(network)
    net.settle()
    ends = net.ends(classes=not labels.is_floating_point())
    optimizer = _optimizer(net, options)
    gammas = [norm.gamma for norm in net.norms.values()]
    generator = torch.Generator().manual_seed(seed)
    batch = min(options.batch, len(images))
    per_epoch = len(images) // batch
    total = per_epoch * options.epochs
    step = 0
    for epoch in range(options.epochs):
        if epoch % images.count == 0:
            versions = torch.randperm(images.count, generator=generator)
        version = int(versions[epoch % images.count])
        order = torch.randperm(len(images), generator=generator)
        aims = None if teacher is None else teacher.outputs(version)
        worst = torch.zeros(())
        for indices in order[: per_epoch * batch].split(batch):
            for group in optimizer.param_groups:
                group["lr"] = options.rate * _cycle(step / total, options.warmup)
            x = images.take(version, indices)
            outputs = net.trained(x, dtype, ends)
            followed = None if aims is None else tuple(aim[indices] for aim in aims)
            value = loss(outputs, labels[indices], followed, options)
            optimizer.zero_grad()
            value.backward()
            if slimming:
                for gamma in gammas:
                    gamma.grad.add_(gamma.detach().sign(), alpha=slimming)
            optimizer.step()
            net.settle()
            worst = torch.maximum(worst, value.detach().abs())
            step += 1
        if not bool(torch.isfinite(worst)):
            raise DataError(
                f"the loss must be finite, not {float(worst)} in epoch {epoch + 1}; images and "
                "labels of ordinary size (--mean, --std) may help"
            )
    _measure(net, images, dtype, ends, torch.randperm(len(images), generator=generator))
    return net.network()


def _measure(
    net: TorchNet, images: Variants, dtype: Any, ends: tuple[str, ...], order: Any
) -> None:
    """Set the statistics of every Norm to the mean over batches, for the weights as they are.

    Running statistics are those of weights that have moved on; training with them, standing still,
    ran away where sparse ternary weights changed places. Every batch is of another version.
    """
    batches = order[:_MEASURED].split(_TOGETHER)
    with torch.no_grad():
        for number, indices in enumerate(batches):
            for norm in net.norms.values():
                norm.momentum = 1 / (number + 1)
            net.trained(images.take(number % images.count, indices), dtype, ends)


def _optimizer(net: TorchNet, options: FitOptions) -> Any:
    layers = net.layers.values()
    decaying = [layer.weight for layer in layers if not layer.ternary]
    others = [layer.weight for layer in layers if layer.ternary]
    others += [layer.bias for layer in layers if layer.bias is not None]
    others += [number for norm in net.norms.values() for number in (norm.gamma, norm.beta)]
    groups = [
        {"params": decaying, "weight_decay": options.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW([group for group in groups if group["params"]], fused=True)


def _cycle(place: float, warmup: float) -> float:
    """Return the share of the peak rate at a place 0 … 1 of a training: a rise, then a fall."""
    if place < warmup:
        return 0.5 - 0.5 * cos(pi * (place / warmup)) + 0.01
    return 0.5 + 0.5 * cos(pi * (place - warmup) / max(1 - warmup, 1e-9))
