"""The order of the passes, in one visible list."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ...runtime.errors import ModelError, SangiError, UsageError
from ..ir.graph import Graph
from .base import Pass
from .before_concat import BeforeConcat
from .cancel_quantizers import CancelQuantizers
from .channels_last import ChannelsLast
from .dead_code import DeadCode
from .fold_constants import FoldConstants
from .fold_pad import FoldPad
from .integer_weights import IntegerWeights
from .keep_grid import KeepGrid
from .narrow_quantizer import NarrowQuantizer
from .order_dense_columns import OrderDenseColumns
from .relu_before_pool import ReluBeforePool
from .remove_relu import RemoveRelu
from .select_as_conv import SelectAsConv
from .simplify_shapes import SimplifyShapes
from .sink_selections import SinkSelections

#: Called after every pass with the pass, the graph before and the graph that it made: to dump,
#: time or verify.
Watch = Callable[[Pass, Graph, Graph], None]

#: For every model, straight from the reader.
LAYOUT_PASSES: tuple[Pass, ...] = (
    ChannelsLast(),
    OrderDenseColumns(),
    SimplifyShapes(),
    SinkSelections(),
    FoldPad(),
    IntegerWeights(),
    FoldConstants(),
    DeadCode(),
)

#: For float models, before calibration.
FLOAT_PASSES: tuple[Pass, ...] = (ReluBeforePool(), BeforeConcat())

#: For quantized models, from a file or from calibration.
QUANTIZED_PASSES: tuple[Pass, ...] = (
    BeforeConcat(),
    KeepGrid(),
    RemoveRelu(),
    CancelQuantizers(),
    NarrowQuantizer(),
    SelectAsConv(),
    DeadCode(),
)


def run_passes(graph: Graph, passes: Iterable[Pass], watch: Watch | None = None) -> Graph:
    """Apply passes in order; the graph is checked after each.

    Raises
    ------
    UsageError
        If an option of the user does not fit the graph.
    ModelError
        If a pass fails, or shapes do not fit any more behind it; the message names the pass and
        those before it.
    """
    done: list[str] = []
    for step in passes:
        before = graph
        try:
            graph = step(graph).verify()
        except UsageError:
            raise
        except Exception as error:
            behind = f" (behind {', '.join(done)})" if done else ""
            reason = str(error) if isinstance(error, SangiError) else repr(error)
            raise ModelError(f"pass '{step.name}'{behind} failed: {reason}") from error
        done.append(step.name)
        if watch is not None:
            watch(step, before, graph)
    return graph
