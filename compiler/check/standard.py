"""Models of standard ops, executed by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ...runtime.errors import ToolError
from ..execute.runtime import open_session

Array = npt.NDArray[Any]

#: ONNX Runtime refuses files whose IR version is newer than itself; the versions since this one
#: brought nothing that a single graph of ours uses.
IR_VERSION = 10


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

    def run(x: Array) -> dict[str, Array]:
        values = session.run(names, {feed: x}) if names else []
        return {feed: x, **dict(zip(names, map(np.asarray, values), strict=True))}

    return run


def opened(model: Any) -> Any:
    """Return a session for a model; raise ToolError with the runtime's own words otherwise."""
    try:
        return open_session(model)
    except Exception as error:  # its own exceptions share no base class
        raise ToolError(f"ONNX Runtime cannot execute the model: {error}") from error
