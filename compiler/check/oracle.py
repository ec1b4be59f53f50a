"""Execution of the original model with all its tensors in sight."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import defs, helper

from ...runtime.errors import DataError
from ..onnx_io.read.inputs import input_sizes, model_input
from ..onnx_io.read.versions import STANDARD
from .qonnx import qonnx_runner
from .standard import standard_runner

Array = npt.NDArray[Any]

Runner = Callable[[Array], Mapping[str, Array]]
"""From a batch in the model's own shape and dtype to tensors by name."""

#: Domains that ONNX Runtime executes.
_RUNTIME = (*STANDARD, "ai.onnx.ml", "com.microsoft")


@dataclass(frozen=True, eq=False)
class Oracle:
    """The original model, ready to be executed by something that is not ours.

    Attributes
    ----------
    name : str
        ``ONNX Runtime`` or ``qonnx``.
    tensors : frozenset of str
        Names of what it can show.
    shape : tuple of int
        Of the model's input, batch included.
    dtype : numpy dtype
        Of the model's input.
    runner : Runner
    """

    name: str
    tensors: frozenset[str]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    runner: Runner

    def run(self, frames: Array) -> dict[str, Array]:
        """Execute frames, as many at a time as the model's batch.

        Parameters
        ----------
        frames : (N, …) array
            In the model's own layout.

        Returns
        -------
        dict of name to (N, elements) array
            In the file's order of elements.
        """
        batch = self.shape[0]
        parts: list[dict[str, Array]] = []
        for start in range(0, len(frames), batch):
            part = frames[start : start + batch]
            filled = np.concatenate([part, np.repeat(part[-1:], batch - len(part), axis=0)])
            found = self.runner(_as_type(filled.reshape(self.shape), self.dtype))
            parts.append({name: x.reshape(batch, -1)[: len(part)] for name, x in found.items()})
        return {name: np.concatenate([part[name] for part in parts]) for name in self.tensors}


def open_oracle(model: Any, wanted: Collection[str]) -> Oracle:
    """Return what executes a model: qonnx where it holds QONNX ops, else ONNX Runtime.

    Parameters
    ----------
    model : onnx.ModelProto
        With a static input; it stays as it is.
    wanted : names
        Of the tensors to show; those that the file does not have are left out.

    Raises
    ------
    ToolError
        If qonnx is needed and missing, or the model cannot be executed.
    """
    entry = model_input(model)
    shown = sorted(tensors_of(model).intersection(wanted))
    runner = qonnx_runner if needs_qonnx(model) else standard_runner
    return Oracle(
        "qonnx" if needs_qonnx(model) else "ONNX Runtime",
        frozenset(shown),
        input_sizes(model),
        helper.tensor_dtype_to_np_dtype(entry.type.tensor_type.elem_type),
        runner(model, entry.name, shown),
    )


def tensors_of(model: Any) -> frozenset[str]:
    """Return the names of a model's input and of all that its nodes make."""
    made = {name for node in model.graph.node for name in node.output if name}
    return frozenset(made | {model_input(model).name})


def needs_qonnx(model: Any) -> bool:
    """Whether a model holds ops that ONNX Runtime does not know."""
    return any(
        node.domain not in _RUNTIME
        or (node.domain in STANDARD and not defs.has(node.op_type, domain=""))
        for node in model.graph.node
    )


def _as_type(frames: Array, dtype: np.dtype[Any]) -> Array:
    """Return frames in the input's dtype; whole numbers must be so and fit."""
    if dtype.kind not in "iu":
        return frames.astype(dtype)
    info = np.iinfo(dtype)
    if (frames != np.rint(frames)).any() or frames.min() < info.min or frames.max() > info.max:
        raise DataError(
            f"images must be whole numbers in {info.min}…{info.max} for an input of type {dtype}, "
            f"not in {frames.min()}…{frames.max()}"
        )
    return frames.astype(dtype)
