"""Why a slot got its circuit, and what the next best ones would cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...hdl.cost import Resources
from ...hdl.engines import Params, engine_of
from .limits import Vector
from .select import Choice, thrift, vector
from .wishes import LayerWish, Wishes


@dataclass(frozen=True)
class Alternative:
    """A circuit that was not taken.

    Attributes
    ----------
    params : Params
    resources : Resources
        With FIFOs of the least depth.
    more : Resources
        What it takes beyond the circuit that was taken; may be negative.
    """

    params: Params
    resources: Resources
    more: Resources


@dataclass(frozen=True)
class Reason:
    """Why a node got its circuit.

    Attributes
    ----------
    node : str
    interval : int
        Cycles a frame that every circuit of the choice meets.
    scarce : int
        Number (lut, ff, bram, dsp) of the resource that the whole circuit uses most of, in parts of
        what it may use.
    resources : Resources
        Of the circuit that was taken, with FIFOs of the least depth.
    alternatives : tuple of Alternative
        The best of every engine, the taken one included (its next best), the best first.
    fixed : tuple of str
        What the user fixed of the node, ``pe = 4``; all circuits of the choice agree with it.
    """

    node: str
    interval: int
    scarce: int
    resources: Resources
    alternatives: tuple[Alternative, ...]
    fixed: tuple[str, ...] = ()


def explain(
    choice: Choice, interval: int, room: Vector, wishes: Wishes | None = None
) -> tuple[Reason, ...]:
    """Return the reasons for the circuits of all nodes, in topological order.

    An alternative is judged by what the whole circuit would cost with it, all else unchanged.

    Parameters
    ----------
    choice : Choice
    interval : int
        Cycles that it was planned for.
    room : float64 (4,)
        What it may use: lut, ff, bram, dsp.
    wishes : Wishes, optional
        What the choice was narrowed by.
    """
    wishes = Wishes() if wishes is None else wishes
    room = np.maximum(room, 1e-9)
    used = vector(choice.total)
    scarce = int(np.argmax(used / room))
    reasons = []
    for slot, costs, number in zip(choice.plan.slots, choice.offered, choice.picked, strict=True):
        if slot.node is None:
            continue
        taken = costs[number]
        shares = np.array([used - vector(taken) + vector(cost) for cost in costs]) / room
        measures = thrift(shares)
        best: dict[str, int] = {}
        for option in np.argsort(measures, kind="stable").tolist():
            if option != number:
                best.setdefault(engine_of(slot.options[option]).name, option)
        reasons.append(
            Reason(
                slot.node,
                interval,
                scarce,
                taken,
                tuple(
                    Alternative(slot.options[i], costs[i], costs[i] + taken.scaled(-1.0))
                    for i in best.values()
                ),
                _fixed(slot.node, engine_of(slot.options[number]).name, wishes),
            )
        )
    return tuple(reasons)


def _fixed(node: str, engine: str, wishes: Wishes) -> tuple[str, ...]:
    """Return what the user fixed of a node that got an engine."""
    wish = wishes.layers.get(node, LayerWish())
    engines = wishes.engines if wish.engine is None else (wish.engine,)
    # Nodes that none of the engines can compute got another one.
    allowed = [f"engine = {' or '.join(engines)}"] if engine in engines else []
    return (*allowed, *(f"{key} = {value}" for key, value in wish.settings.items()))
