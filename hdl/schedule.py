"""Schedules: the cyclo-static dataflow (CSDF) side of every circuit component, in pure Python.

A component is one or more *actors*. An actor goes through the same sequence of *firings* in every
frame. A firing that starts in cycle ``t`` keeps the actor busy for ``duration`` cycles: the next
one starts in ``t + duration`` at the earliest. A firing starts as soon as

* the actor is free,
* every token that it takes from an input port is there (``valid``); it is popped in cycle ``t``,
* every output port has space for all the tokens that it gives (they are *claimed* at ``t``),
* every internal ``Link`` holds the tokens that it consumes.

One token is one beat of a stream. Tokens given by a firing are pushed into the port's FIFO in the
cycles ``t + latency``, ``t + latency + 1``, … (a *burst*). Every FIFO of ``hdl/fifo`` shows a token
that was pushed in cycle ``p`` as ``valid`` from cycle ``p + FIFO_LATENCY`` on, in order, and a slot
that was popped in cycle ``q`` can be claimed again in cycle ``q + CREDIT_LATENCY``.

These rules are exact: executed without stalls from outside they give the cycle in which every beat
passes in the generated circuit (Bilsen et al., "Cyclo-static dataflow", 1996).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]

FIFO_LATENCY = 2
"""Cycles from the push of a token to the first cycle in which it can be popped."""

CREDIT_LATENCY = 1
"""Cycles from the pop of a token to the first cycle in which its slot can be claimed again."""


@dataclass(frozen=True, eq=False)
class Actor:
    """One sequential process. ``durations`` has one entry (cycles, ≥ 1) per firing of a frame."""

    durations: Counts


@dataclass(frozen=True, eq=False)
class InputPort:
    """A stream that an actor takes tokens from; ``takes`` has 0 or 1 for each firing."""

    actor: int
    takes: Counts


@dataclass(frozen=True, eq=False)
class OutputPort:
    """A stream that an actor gives tokens to: ``gives[k]`` ≥ 0 tokens by firing k of a frame.

    ``latency`` is the number of cycles from the start of the firing to the push of its first token:
    one number, or one for each firing, such that tokens stay in order. Firings that give tokens are
    at least ``apart`` cycles apart because of links, beside what their durations make.
    """

    actor: int
    gives: Counts
    latency: int | Counts
    apart: int = 1

    @property
    def latencies(self) -> Counts:
        """The latency of each firing of a frame."""
        return np.broadcast_to(np.asarray(self.latency, dtype=np.int64), self.gives.shape)


@dataclass(frozen=True, eq=False)
class Link:
    """An edge between two actors of one component (a window buffer's data or space).

    Firing k of ``source`` produces ``produces[k]`` tokens, usable by a firing of ``target`` that
    starts ``latency`` or more cycles after the *start* of the producing firing. Firing k of
    ``target`` needs (and consumes) ``consumes[k]`` tokens. ``initial`` tokens are there at reset.
    """

    source: int
    produces: Counts
    target: int
    consumes: Counts
    latency: int
    initial: int = 0


@dataclass(frozen=True, eq=False)
class Schedule:
    """The schedule of one component: one frame of every actor, repeated for ever."""

    actors: tuple[Actor, ...]
    inputs: tuple[InputPort, ...]
    outputs: tuple[OutputPort, ...]
    links: tuple[Link, ...] = ()


def repeat(value: int, count: int) -> Counts:
    """Return ``count`` times ``value`` as an int64 array."""
    return np.full(count, value, dtype=np.int64)
