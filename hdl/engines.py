"""The engines by name: parameters, schedule and cost of each, without any circuit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .add.cost import cost as add_cost
from .add.params import AddParams
from .add.schedule import schedule as add_schedule
from .concat.cost import cost as concat_cost
from .concat.params import ConcatParams
from .concat.schedule import schedule as concat_schedule
from .cost import Resources
from .fitted import corrected
from .folded.cost import cost as folded_cost
from .folded.params import FoldedParams
from .folded.schedule import schedule as folded_schedule
from .fork.cost import cost as fork_cost
from .fork.params import ForkParams
from .fork.schedule import schedule as fork_schedule
from .globalpool.cost import cost as globalpool_cost
from .globalpool.params import GlobalPoolParams
from .globalpool.schedule import schedule as globalpool_schedule
from .grouped.cost import cost as grouped_cost
from .grouped.params import GroupedParams
from .grouped.schedule import schedule as grouped_schedule
from .lookup.cost import cost as lookup_cost
from .lookup.params import LookupParams
from .lookup.schedule import schedule as lookup_schedule
from .pool.cost import cost as pool_cost
from .pool.params import PoolParams
from .pool.schedule import schedule as pool_schedule
from .requantize.cost import cost as requantize_cost
from .requantize.params import RequantizeParams
from .requantize.schedule import schedule as requantize_schedule
from .schedule import Schedule
from .skipping.cost import cost as skipping_cost
from .skipping.params import SkippingParams
from .skipping.schedule import schedule as skipping_schedule
from .threshold.cost import cost as threshold_cost
from .threshold.params import ThresholdParams
from .threshold.schedule import schedule as threshold_schedule
from .unrolled.cost import cost as unrolled_cost
from .unrolled.params import UnrolledParams
from .unrolled.schedule import schedule as unrolled_schedule
from .width.cost import cost as width_cost
from .width.params import WidthParams
from .width.schedule import schedule as width_schedule

Params = (
    FoldedParams
    | GroupedParams
    | SkippingParams
    | UnrolledParams
    | PoolParams
    | GlobalPoolParams
    | RequantizeParams
    | ThresholdParams
    | LookupParams
    | AddParams
    | ConcatParams
    | ForkParams
    | WidthParams
)


@dataclass(frozen=True)
class Engine:
    """What the mapping needs of an engine.

    Attributes
    ----------
    name : str
    schedule : callable (params) -> Schedule
    model : callable (params, family) -> Resources
        Its cost without the output FIFOs (``hdl/fifo/cost``), before the fit corrects it.
    """

    name: str
    schedule: Callable[[Any], Schedule]
    model: Callable[[Any, str], Resources]

    def kind(self, params: Params) -> str:
        """Return the name under which the cost of such a unit is fitted."""
        if isinstance(params, UnrolledParams):
            return f"{self.name}.{'serial' if params.digit else 'parallel'}"
        variant = getattr(params, "multiplier", None)
        return self.name if variant is None else f"{self.name}.{variant}"

    def cost(self, params: Params, family: str) -> Resources:
        """Estimate the resources without the output FIFOs."""
        return corrected(self.model(params, family), self.kind(params), family)


ENGINES: dict[type, Engine] = {
    FoldedParams: Engine("folded", folded_schedule, folded_cost),
    GroupedParams: Engine("grouped", grouped_schedule, grouped_cost),
    SkippingParams: Engine("skipping", skipping_schedule, skipping_cost),
    UnrolledParams: Engine("unrolled", unrolled_schedule, unrolled_cost),
    PoolParams: Engine("pool", pool_schedule, pool_cost),
    GlobalPoolParams: Engine("globalpool", globalpool_schedule, globalpool_cost),
    RequantizeParams: Engine("requantize", requantize_schedule, requantize_cost),
    ThresholdParams: Engine("threshold", threshold_schedule, threshold_cost),
    LookupParams: Engine("lookup", lookup_schedule, lookup_cost),
    AddParams: Engine("add", add_schedule, add_cost),
    ConcatParams: Engine("concat", concat_schedule, concat_cost),
    ForkParams: Engine("fork", fork_schedule, fork_cost),
    WidthParams: Engine("width", width_schedule, width_cost),
}


def engine_of(params: Params) -> Engine:
    """Return the engine that a parameter set belongs to."""
    return ENGINES[type(params)]
