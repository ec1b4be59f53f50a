"""The value Design: a Program with one engine, folding and FIFO depth for every op."""

from __future__ import annotations

from dataclasses import dataclass

from ...boards.board import Board
from ...hdl.beat import Beat
from ...hdl.engines import Params
from ...runtime.program import Program
from .explain import Reason


@dataclass(frozen=True)
class Stream:
    """One edge of the circuit: a FIFO at its producer's end, or an outside stream.

    Attributes
    ----------
    name : str
        Unique identifier, ``s00``, ``s01``, … in topological order; also the name of its signals
        in the core (``s03_valid``, ``s03_ready``, ``s03_payload``).
    tensor : str
        The program's tensor that it carries.
    beat : Beat
        Lanes and bits.
    beats : int
        Beats of one frame.
    depth : int
        Logical depth of the FIFO (0 for the circuit's input stream, which has none).
    source, target : str or None
        Names of units; None is outside.
    """

    name: str
    tensor: str
    beat: Beat
    beats: int
    depth: int
    source: str | None
    target: str | None


@dataclass(frozen=True)
class Unit:
    """One component of the circuit.

    Attributes
    ----------
    name : str
        Module name, ``l03_conv_<sanitized node name>``.
    engine : str
        The folder in ``hdl`` (``folded``, ``requantize``, …).
    params : Params
        The engine's parameters.
    node : str or None
        The program's node that it computes; None for forks and width converters.
    inputs, outputs : tuple of str
        Names of streams, in the order of the component's ports.
    """

    name: str
    engine: str
    params: Params
    node: str | None
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Design:
    """A circuit, complete but for its gates.

    Attributes
    ----------
    program : Program
        What it computes.
    board : Board
        What it is for.
    clock_mhz : float
        Clock of the core.
    units : tuple of Unit
        In topological order.
    streams : tuple of Stream
        In topological order.
    cycles_per_frame, latency_cycles : int
        By the dataflow model, without stalls from outside.
    reasons : tuple of Reason
        Why every node got its circuit, in topological order.
    """

    program: Program
    board: Board
    clock_mhz: float
    units: tuple[Unit, ...]
    streams: tuple[Stream, ...]
    cycles_per_frame: int
    latency_cycles: int
    reasons: tuple[Reason, ...] = ()

    def stream(self, name: str) -> Stream:
        """Return a stream by name."""
        return next(stream for stream in self.streams if stream.name == name)

    def unit(self, name: str) -> Unit:
        """Return a unit by name."""
        return next(unit for unit in self.units if unit.name == name)
