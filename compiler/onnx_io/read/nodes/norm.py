"""BatchNormalization."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from ....ir.ops.batchnorm import BatchNorm
from ..exact import square_root
from ..reader import Reader, Refusal, attributes, exact_float
from ..values import Tensor


def batch_normalization(reader: Reader, node: Any) -> None:
    """Translate BatchNormalization with fixed statistics."""
    op = normalization(reader, node)
    channels = reader.shape(node)[0]
    if len(op.scale) != channels:
        raise Refusal(
            f"scale, B, mean and var must have one entry for each of {channels} channels, "
            f"not {len(op.scale)}"
        )
    axis = 0 if op.per_channel else None
    reader.alias(node, Tensor(reader.emit_on_axis(node, reader.tensor(node), axis, op)))


def normalization(reader: Reader, node: Any) -> BatchNorm:
    """Return the exact scale and shift of a BatchNormalization node."""
    options = attributes(node)
    if options.get("training_mode", 0):
        raise Refusal("training_mode must be 0; export the model for inference")
    if any(node.output[1:]):
        # Before opset 14 it is these that say that a node trains.
        raise Refusal("outputs must be Y only, not statistics; export the model for inference")
    if not options.get("spatial", 1) and len(reader.shape(node)) > 1:
        raise Refusal("spatial must be 1, not 0; export with a newer opset")
    gamma, beta, mean, variance = (
        _vector(reader, node, index, what)
        for index, what in ((1, "scale"), (2, "B"), (3, "mean"), (4, "var"))
    )
    lengths = [len(gamma), len(beta), len(mean), len(variance)]
    if len(set(lengths)) != 1 or not gamma:
        raise Refusal(f"scale, B, mean and var must have one length, not {lengths}")
    epsilon = exact_float(options.get("epsilon", 1e-5))
    if min(variance) + epsilon <= 0:
        raise Refusal(f"var + epsilon must be positive, not {float(min(variance) + epsilon)}")
    scale = tuple(g / square_root(v + epsilon) for g, v in zip(gamma, variance, strict=True))
    shift = tuple(b - m * s for b, m, s in zip(beta, mean, scale, strict=True))
    return BatchNorm(scale, shift)


def _vector(reader: Reader, node: Any, index: int, what: str) -> list[Fraction]:
    values = reader.exact(node, index, what)
    if values.ndim != 1:
        raise Refusal(f"{what} must have one axis, not shape {values.shape}")
    return list(values)
