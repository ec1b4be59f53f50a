"""Models of standard ops, executed by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import TensorProto, helper

from ...runtime.errors import ToolError
from ..execute.runtime import open_session

Array = npt.NDArray[Any]

#: ONNX Runtime refuses files whose IR version is newer than itself; the versions since this one
#: brought nothing that a single graph of ours uses.
IR_VERSION = 10

PACKED = ("tensor(int4)", "tensor(uint4)", "tensor(int2)", "tensor(uint2)")
CAST = "\0cast"
"""Behind the name of a tensor, the name of the same numbers as int32."""


def standard_runner(
    model: Any, feed: str, wanted: Sequence[str]
) -> Callable[[Array], Mapping[str, Array]]:
    """Return the execution of a model by ONNX Runtime, without graph optimizations.

    Parameters
    ----------
    model : onnx.ModelProto
    feed : str
        Name of the input.
    wanted : sequence of str
        Names of the tensors to return.

    Raises
    ------
    ToolError
        If ONNX Runtime refuses the model.
    """
    copy = type(model)()
    copy.CopyFrom(model)
    copy.ir_version = min(copy.ir_version, IR_VERSION)
    known = {output.name for output in copy.graph.output}
    names = [name for name in wanted if name != feed]
    for name in names:
        if name not in known:
            copy.graph.output.add().name = name
    session = opened(copy)
    # NumPy has no such types: these tensors are fetched through a Cast.
    packed = {output.name for output in session.get_outputs() if output.type in PACKED}
    fetched = [f"{name}{CAST}" if name in packed else name for name in names]
    if packed:
        for name in sorted(packed):
            node = helper.make_node("Cast", [name], [f"{name}{CAST}"], to=TensorProto.INT32)
            copy.graph.node.append(node)
            copy.graph.output.add().name = f"{name}{CAST}"
        session = opened(copy)

    def run(x: Array) -> dict[str, Array]:
        values = executed(session, fetched, {feed: x}) if names else []
        return {feed: x, **dict(zip(names, values, strict=True))}

    return run


def executed(session: Any, names: Sequence[str], feed: Mapping[str, Array]) -> list[Array]:
    """Return tensors of one execution; raise ToolError with the runtime's own words otherwise."""
    try:
        return [np.asarray(value) for value in session.run(list(names), dict(feed))]
    except Exception as error:  # its own exceptions share no base class
        raise ToolError(f"ONNX Runtime cannot execute the model: {error}") from error


def opened(model: Any) -> Any:
    """Return a session for a model; raise ToolError with the runtime's own words otherwise."""
    try:
        return open_session(model)
    except Exception as error:  # its own exceptions share no base class
        raise ToolError(f"ONNX Runtime cannot execute the model: {error}") from error
