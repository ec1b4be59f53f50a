"""The host's part: images to the integers of a program, and its integers to the model's outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import BuildError, DataError
from .numerics import Rounding
from .ops.base import IntArray, TensorType
from .program import Input, Output, Program, Step

Array = npt.NDArray[Any]

Limits = list[float | None]
"""Bounds, one or one per channel; None where a channel has none."""

BATCH = 64
"""Frames executed at once: memory stays small, and speed does not grow any more."""


def prepare(program: Program, x: Array) -> tuple[IntArray, ...]:
    """Return the program's input integers for a batch of images.

    Parameters
    ----------
    program : Program
        With one input.
    x : uint8 or float array
        (N, H, W, C), (N, H, W), (N, features) or the model's own shape (N, C, H, W).

    Raises
    ------
    DataError
        If shape, dtype or content do not fit.
    """
    if len(program.inputs) != 1:
        raise DataError(f"the model must have 1 input to be fed images, not {len(program.inputs)}")
    (entry,) = program.inputs
    type_ = program.types[entry.tensor]
    x = arrange(entry, type_, x)
    if entry.kind == "bytes":
        return (_bytes(x),)
    values = x.astype(np.float64)
    for step in entry.before:
        values = apply(step, values)
    return (values.astype(type_.dtype),)


def finish(program: Program, tensors: Mapping[str, IntArray]) -> dict[str, Array]:
    """Return what the original model gives, by the names of its outputs.

    Parameters
    ----------
    tensors : mapping of str to integer array (N, *type.shape)
        At least the program's output tensors.

    Returns
    -------
    dict of str to float32 (or int64, behind ArgMax) array
    """
    return {out.name: _finish(out, tensors[out.tensor]) for out in program.outputs}


def execute(program: Program, x: Array) -> dict[str, Array]:
    """Run images through the reference: ``finish(run(prepare(x)))``, ``BATCH`` at a time."""
    inputs = prepare(program, x)
    parts: list[dict[str, IntArray]] = []
    for start in range(0, max(1, len(x)), BATCH):
        tensors = program.run(*(values[start : start + BATCH] for values in inputs))
        parts.append({out.tensor: tensors[out.tensor] for out in program.outputs})
    return finish(program, {name: np.concatenate([p[name] for p in parts]) for name in parts[0]})


def apply(step: Step, values: Array) -> Array:
    """Apply one host step to a batch (N, …).

    Raises
    ------
    BuildError
        If the step is not known to this version.
    """
    function = STEPS.get(step.op)
    if function is None:
        raise BuildError(f"host step must be one of {', '.join(sorted(STEPS))}, not {step.op}")
    return function(values, **step.attributes)


def _finish(out: Output, codes: IntArray) -> Array:
    values: Array = codes.astype(np.float64) * out.scale + out.offset
    for step in out.after:
        values = apply(step, values)
    return values.astype(np.int64 if values.dtype.kind == "i" else np.float32)


def arrange(entry: Input, type_: TensorType, x: Array) -> Array:
    """Return images as (N, *type.shape), channels last.

    Parameters
    ----------
    entry : Input
    type_ : TensorType
        Of the input's tensor.
    x : array of a shape that ``prepare`` takes

    Raises
    ------
    DataError
        If dtype or shape do not fit.
    """
    if x.dtype.kind not in "uif" or x.dtype == np.float16:
        raise DataError(f"images must have dtype uint8 or float32, not {x.dtype}")
    shape = type_.shape
    if x.shape[1:] == shape:
        return x
    if len(shape) == 3:
        if x.ndim == 4 and entry.layout == "NCHW" and x.shape[1:] == entry.model_shape:
            return x.transpose(0, 2, 3, 1)
        if _without_ones(x.shape[1:]) == _without_ones(shape):
            # Axes of size 1 move no element: (N, H, W) and (N, H, W, 1) for (1, H, W) as well.
            return x.reshape(len(x), *shape)
    elif x.ndim > 1 and int(np.prod(x.shape[1:])) == type_.elements:
        return x.reshape(len(x), -1)
    wanted = ", ".join(["N", *map(str, shape)])
    raise DataError(f"images must have shape ({wanted}), not {x.shape}")


def _without_ones(shape: tuple[int, ...]) -> list[int]:
    return [size for size in shape if size != 1]


def _bytes(x: Array) -> IntArray:
    if x.dtype == np.uint8:
        return x
    whole = np.isfinite(x).all() and x.size and bool((x == np.floor(x)).all())
    if not whole or x.min() < 0 or x.max() > 255:
        raise DataError(
            "images must be raw bytes: uint8, or whole numbers 0…255, not "
            f"{x.dtype} in {x.min() if x.size else ''}…{x.max() if x.size else ''}; give raw "
            "pixels, and compile with --mean and --std what takes normalized ones"
        )
    return x.astype(np.uint8)


def _affine(values: Array, scale: list[float], shift: list[float]) -> Array:
    return np.asarray(values * np.array(scale) + np.array(shift))


def _quantize(
    values: Array,
    scale: list[float],
    zero_point: list[float],
    low: int,
    high: int,
    rounding: str = Rounding.HALF_EVEN.value,
    zero_first: bool = False,
) -> Array:
    if not np.isfinite(values).all():
        raise DataError("images must be finite, not NaN or infinite")
    codes, zeros = values / np.array(scale), np.array(zero_point)
    whole = _ROUND[Rounding(rounding)]
    codes = whole(_sum(codes, zeros)) if zero_first else whole(codes) + zeros
    return np.asarray(np.clip(codes, low, high), dtype=np.int64)


def _sum(a: Array, b: Array) -> Array:
    """Return sums that no rounding of float64 has moved onto a tie or a whole number.

    The error of a sum is a float64 itself (Knuth's TwoSum); where it is not 0, a sum that fell on
    an edge is moved to the side on which it lies.
    """
    total = a + b
    part = total - a
    error = (a - (total - part)) + (b - part)
    moved = np.nextafter(total, np.where(error > 0, np.inf, -np.inf))
    return np.where((error != 0) & (2 * total == np.rint(2 * total)), moved, total)


def _half_up(x: Array) -> Array:
    whole = np.trunc(x)
    return whole + np.where(np.abs(x - whole) >= 0.5, np.copysign(1, x), 0)


def _half_down(x: Array) -> Array:
    whole = np.trunc(x)
    return whole + np.where(np.abs(x - whole) > 0.5, np.copysign(1, x), 0)


_ROUND: Mapping[Rounding, Callable[[Array], Array]] = {
    Rounding.HALF_EVEN: np.rint,
    Rounding.HALF_UP: _half_up,
    Rounding.HALF_DOWN: _half_down,
    Rounding.UP: lambda x: np.copysign(np.ceil(np.abs(x)), x),
    Rounding.DOWN: np.trunc,
    Rounding.CEIL: np.ceil,
    Rounding.FLOOR: np.floor,
}


def _clip(values: Array, low: Limits | None, high: Limits | None) -> Array:
    return np.asarray(np.clip(values, _limits(low, -np.inf), _limits(high, np.inf)))


def _limits(bounds: Limits | None, nowhere: float) -> Array:
    return np.array([nowhere if x is None else x for x in bounds or [None]], dtype=np.float64)


def _transpose(values: Array, perm: list[int]) -> Array:
    return values.transpose(0, *(axis + 1 for axis in perm))


def _reshape(values: Array, shape: list[int]) -> Array:
    return values.reshape(len(values), *shape)


def _softmax(values: Array, axis: int) -> Array:
    powers = np.exp(values - values.max(axis=axis + 1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=axis + 1, keepdims=True))


def _sigmoid(values: Array) -> Array:
    # exp of a negative number only: neither branch overflows.
    powers = np.exp(-np.abs(values))
    return np.asarray(np.where(values >= 0, 1 / (1 + powers), powers / (1 + powers)))


def _argmax(values: Array, axis: int, keepdims: bool) -> Array:
    places = np.argmax(values, axis=axis + 1, keepdims=keepdims)
    return np.asarray(places, dtype=np.int64)


STEPS: dict[str, Callable[..., Array]] = {
    "affine": _affine,
    "argmax": _argmax,
    "clip": _clip,
    "quantize": _quantize,
    "reshape": _reshape,
    "sigmoid": _sigmoid,
    "softmax": _softmax,
    "transpose": _transpose,
}
"""The host's functions by name: (N, …) and attributes to (N, …)."""
