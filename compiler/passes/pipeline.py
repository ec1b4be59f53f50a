"""The order of the passes, in one visible list."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..ir.graph import Graph
from .base import Pass
from .cancel_quantizers import CancelQuantizers
from .channels_last import ChannelsLast
from .dead_code import DeadCode
from .fold_constants import FoldConstants
from .keep_grid import KeepGrid
from .order_dense_columns import OrderDenseColumns
from .relu_before_pool import ReluBeforePool
from .remove_relu import RemoveRelu
from .simplify_shapes import SimplifyShapes

#: Called after every pass with the pass, the graph before and the graph that it made: to dump,
#: time or verify.
Watch = Callable[[Pass, Graph, Graph], None]

#: For every model, straight from the reader.
LAYOUT_PASSES: tuple[Pass, ...] = (
    ChannelsLast(),
    OrderDenseColumns(),
    SimplifyShapes(),
    FoldConstants(),
    DeadCode(),
)

#: For float models, before calibration.
FLOAT_PASSES: tuple[Pass, ...] = (ReluBeforePool(),)

#: For quantized models, from a file or from calibration.
QUANTIZED_PASSES: tuple[Pass, ...] = (
    KeepGrid(),
    RemoveRelu(),
    CancelQuantizers(),
    DeadCode(),
)


def run_passes(graph: Graph, passes: Iterable[Pass], watch: Watch | None = None) -> Graph:
    """Apply passes in order; the graph is checked after each.

    Raises
    ------
    ModelError
        If shapes do not fit any more.
    """
    for step in passes:
        before, graph = graph, step(graph).verify()
        if watch is not None:
            watch(step, before, graph)
    return graph
