"""Streams of beats: the port shape of every component, and lanes as values.

A component takes beats from ports named ``i`` (or ``i0``, ``i1``, …) and gives them to ports named
``o`` (or ``o0``, ``o1``, …), each an ``amaranth.lib.stream`` with a flat ``unsigned(beat.width)``
payload. ``ready`` of an input may depend on registers and on the ``valid`` of the inputs in the
same cycle, never on the ``ready`` of an output. Every output ends in a ``CreditFifo``
(``hdl/fifo/circuit.py``) owned by the component that gives the stream.
"""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Value, unsigned
from amaranth.lib import stream

from .beat import Beat


def beat_stream(beat: Beat) -> stream.Signature:
    """Return the signature of a stream of ``beat``."""
    return stream.Signature(unsigned(beat.width))


def split(payload: Value, beat: Beat) -> list[Value]:
    """Return the lanes of a payload of ``beat.width`` bits, lane 0 (the lowest bits) first.

    Each is ``beat.bits`` wide and signed if the beat is.
    """
    lanes = [payload[lane * beat.bits : (lane + 1) * beat.bits] for lane in range(beat.lanes)]
    return [lane.as_signed() for lane in lanes] if beat.signed else lanes


def join(lanes: Sequence[Value], beat: Beat) -> Value:
    """Return the payload of ``beat.lanes`` values; each is cut to its lowest ``beat.bits`` bits.

    Raises
    ------
    ValueError
        If the count of values is not ``beat.lanes`` or one is narrower than ``beat.bits``.
    """
    if len(lanes) != beat.lanes:
        raise ValueError(f"lanes must be {beat.lanes}, not {len(lanes)}")
    if any(len(lane) < beat.bits for lane in lanes):
        raise ValueError(f"a lane must be at least {beat.bits} bits wide")
    return Cat(lane[: beat.bits] for lane in lanes)
