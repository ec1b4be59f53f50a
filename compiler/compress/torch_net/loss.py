"""What training minimizes."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

from .options import FitOptions


def loss(outputs: tuple[Any, ...], labels: Any, teacher: Any, options: FitOptions) -> Any:
    """Return the loss of a batch, a scalar.

    Classes: cross entropy with smoothed labels, and Kullback-Leibler divergence from the teacher at
    the temperature, times its square (Hinton et al. 2015). Real numbers: mean squared errors.
    Labels are those of the first output; further outputs follow the teacher, by squared errors
    relative to the teacher's mean square.

    Parameters
    ----------
    outputs : tuple of float32 tensors (N, *shape)
    labels : int64 (N,) or float32 (N, ...) tensor
    teacher : tuple of float32 tensors in the shapes of ``outputs``, or None
    options : FitOptions
    """
    scores = outputs[0].flatten(1)
    classes = not labels.is_floating_point()
    if classes:
        given = functional.cross_entropy(scores, labels, label_smoothing=options.smoothing)
    else:
        given = functional.mse_loss(scores, labels.flatten(1))
    if teacher is None:
        return given
    aims = teacher[0].flatten(1)
    if classes:
        heat = options.temperature
        followed = (
            heat
            * heat
            * functional.kl_div(
                functional.log_softmax(scores / heat, 1),
                functional.log_softmax(aims / heat, 1),
                reduction="batchmean",
                log_target=True,
            )
        )
    else:
        followed = functional.mse_loss(scores, aims)
    total = torch.lerp(given, followed, options.teacher)
    for output, aim in zip(outputs[1:], teacher[1:], strict=True):
        size = aim.square().mean().clamp_min(1e-12)
        total = total + options.teacher * functional.mse_loss(output, aim) / size
    return total
