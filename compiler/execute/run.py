"""Running a graph in float32."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from ..ir.graph import Graph
from ..onnx_io.write.qdq import write_model
from .runtime import open_session

FloatArray = npt.NDArray[np.float32]


def run_batches(
    graph: Graph, frames: npt.NDArray[Any], nodes: Iterable[str], batch: int = 50
) -> Iterator[dict[str, FloatArray]]:
    """Execute a graph of one input, batch after batch.

    ONNX Runtime runs without graph optimizations: fused integer kernels round differently.

    Parameters
    ----------
    graph : Graph
    frames : (N, *shape) array
        Channels last, as the graph's input; cast to float32.
    nodes : names
        Whose tensors are wanted.
    batch : int
        Frames at a time; bounds the memory.

    Yields
    ------
    dict of node name to float32 (frames, *shape)
    """
    names = tuple(nodes)
    session = open_session(write_model(graph, names))
    outputs = [output.name for output in session.get_outputs()][len(graph.outputs) :]
    feed = session.get_inputs()[0].name
    for start in range(0, len(frames), batch):
        values = session.run(outputs, {feed: frames[start : start + batch].astype(np.float32)})
        yield dict(zip(names, values, strict=True))


def run_graph(
    graph: Graph, frames: npt.NDArray[Any], nodes: Iterable[str] | None = None, batch: int = 50
) -> dict[str, FloatArray]:
    """Execute a graph and return whole tensors by node name (all nodes by default).

    Parameters are those of ``run_batches``.
    """
    names = graph.order() if nodes is None else tuple(nodes)
    parts = list(run_batches(graph, frames, names, batch))
    return {name: np.concatenate([part[name] for part in parts]) for name in names}
