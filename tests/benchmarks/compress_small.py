"""The small case of the compression benchmarks: digits of MNIST, and a network for them.

A few thousand images and a network that trains in a second, so that a full grid can really be run.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from sangi.compiler.compress.data.samples import Samples
from sangi.compiler.compress.model import read_float
from sangi.compiler.compress.network import Network
from sangi.compiler.compress.prepare import prepare
from sangi.compiler.compress.rule import Integer
from sangi.compiler.compress.search.events import Candidate, CandidateDone, Event
from sangi.compiler.compress.search.judge import Judge
from sangi.compiler.compress.search.store import Store
from sangi.compiler.compress.sizes import measure
from sangi.compiler.compress.stages.base import Stage
from sangi.compiler.compress.stages.dc import Pruning
from sangi.compiler.compress.stages.iq import Quantization
from sangi.compiler.compress.stages.ns import Slimming
from sangi.compiler.compress.stages.steps import Step
from sangi.compiler.compress.torch_net.options import FitOptions
from sangi.compiler.compress.torch_net.trainer import TorchTrainer

FILE = "mnist/train_20000.npz"
TRAIN = 3000
VALIDATION = 6000

#: Six rungs each; the same for searches, grids and all orders.
STAGES: dict[str, Stage] = {
    "iq": Quantization(
        tuple(Step(Integer(w), a) for w, a in ((8, 8), (6, 6), (4, 4), (3, 4), (3, 3), (2, 3))),
        edge_bits=4,
        byte_input=True,
    ),
    "ns": Slimming(shares=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6), floor=0.2),
    "dc": Pruning(shares=(0.65, 0.75, 0.82, 0.88, 0.92, 0.95)),
}
FIT = FitOptions(epochs=3, variants=1, threads=1, teacher=0.5, temperature=2.0)


@dataclass(frozen=True)
class Parts:
    """Images (N, 28, 28, 1) uint8 with classes: to train on, and to decide by."""

    train: Samples
    validation: Samples


def read_parts(data: Path) -> Parts:
    """Return the small case's images from the data folder."""
    with np.load(data / FILE) as content:
        x, y = content["x"][..., None], content["y"].astype(np.int64)
    end = TRAIN + VALIDATION
    return Parts(Samples(x[:TRAIN], y[:TRAIN]), Samples(x[TRAIN:end], y[TRAIN:end]))


def network() -> nn.Sequential:
    """Return the network, not trained: three convolutions of stride 2 and two dense layers."""
    layers: list[nn.Module] = []
    channels = 1
    for filters in (12, 24, 48):
        layers.append(nn.Conv2d(channels, filters, 3, stride=2, padding=1, bias=False))
        layers += [nn.BatchNorm2d(filters), nn.ReLU()]
        channels = filters
    layers += [nn.Flatten(), nn.Linear(channels * 16, 48, bias=False)]
    return nn.Sequential(*layers, nn.BatchNorm1d(48), nn.ReLU(), nn.Linear(48, 10))


def float_model(train: Samples, path: Path, *, seed: int = 0, epochs: int = 12) -> None:
    """Train the network in float32 and write it as ONNX, batch normalization folded."""
    torch.set_num_threads(FIT.threads or 1)
    torch.manual_seed(seed)
    model = network()
    x = torch.from_numpy(train.x.astype(np.float32)).permute(0, 3, 1, 2)
    y = torch.from_numpy(train.y)
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=1e-2)
    steps = len(x) // 64
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=epochs * steps)
    for _ in range(epochs):
        for batch in torch.randperm(len(x))[: steps * 64].reshape(steps, 64):
            loss = F.cross_entropy(model(x[batch]), y[batch], label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    torch.onnx.export(
        model.eval(),
        (torch.zeros(2, 1, 28, 28),),
        path,
        input_names=["image"],
        output_names=["scores"],
        dynamic_shapes=({0: torch.export.Dim("N")},),
        dynamo=True,
        external_data=False,
        verbose=False,
    )


def small_case(data: Path, work: Path, seed: int) -> tuple[Network, TorchTrainer, str]:
    """Return the float network, trained anew where the folder has none, and its trainer.

    Returns
    -------
    tuple
        Network, trainer, and the context of its candidates (see ``Judge``).
    """
    parts = read_parts(data)
    model = work / f"small_{seed}.onnx"
    if not model.exists():
        work.mkdir(parents=True, exist_ok=True)
        float_model(parts.train, model, seed=seed)
    network = prepare(read_float(model, None), parts.train.x)
    return network, TorchTrainer(network, parts.train, parts.validation, FIT), repr(FIT)


def make_judge(
    small: tuple[Network, TorchTrainer, str], work: Path, seed: int, drop: float
) -> Judge:
    """Return the judge of a search that may lose so much accuracy (a share)."""
    network, trainer, context = small
    target = trainer.score(network).value - drop
    store = Store(work / "candidates")
    return Judge(trainer, target, measure, store=store, seed=seed, context=context, watch=tell)


def tell(event: Event) -> None:
    """Print every candidate, where somebody waits for hundreds of them."""
    if isinstance(event, CandidateDone) and not event.candidate.restored:
        print(f"    {line(event.candidate)}", flush=True)


def line(candidate: Candidate) -> str:
    """Return a candidate in one line."""
    score, sizes = candidate.score, candidate.sizes
    return (
        f"{100 * score.value:.2f} ± {100 * score.error:.2f} %  dense {sizes.ratio('dense'):6.1f}×  "
        f"DEFLATE {sizes.ratio('deflate'):6.1f}×  {candidate.label}"
    )
