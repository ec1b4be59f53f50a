# amaranth: UnusedElaboratable=no
"""The concatenation: every bit and every cycle, in turn and at once."""

import numpy as np
import pytest
from harness import check, fifo

from sangi.hdl.beat import Beat
from sangi.hdl.concat.circuit import Concat
from sangi.hdl.concat.cost import cost
from sangi.hdl.concat.params import ConcatParams
from sangi.hdl.concat.schedule import schedule

FRAMES = 3


def verify(params, depth=8, seeds=(1, 2)):
    """Frames of random numbers, over the whole range of every input."""
    rng = np.random.default_rng(5)
    parts = []
    for beat, count in zip(params.beats, params.counts, strict=True):
        low = -(1 << beat.bits - 1) if beat.signed else 0
        shape = (FRAMES * params.turns, count * beat.lanes)
        parts.append(rng.integers(low, low + (1 << beat.bits), shape))
    y = np.concatenate(parts, axis=1)
    dut = Concat(params, [fifo(params.out, depth)])
    inputs = list(zip(parts, params.beats, strict=True))
    check(dut, schedule(params), [depth], inputs, [(y, params.out)], FRAMES, seeds=seeds)


@pytest.mark.parametrize("counts", [(1, 1), (2, 3), (1, 4, 2), (5, 1, 1, 2)])
@pytest.mark.parametrize(("turns", "lanes", "depth"), [(6, 1, 2), (4, 3, 1), (1, 2, 20)])
def test_beats_in_turn(counts, turns, lanes, depth):
    beats = tuple(Beat(lanes, 3 + index, index % 2 == 1) for index in range(len(counts)))
    verify(ConcatParams(turns, counts, beats, Beat(lanes, 8, True)), depth)


@pytest.mark.parametrize("depth", [1, 5])
def test_whole_pixels(depth):
    beats = Beat(3, 4, False), Beat(5, 4, True), Beat(1, 2, False)
    verify(ConcatParams(7, (1, 1, 1), beats, Beat(9, 5, True), together=True), depth)


def test_a_beat_a_cycle():
    beats = Beat(2, 4, False), Beat(2, 4, False)
    assert ConcatParams(6, (2, 3), beats, Beat(2, 4, False)).cycles == 30
    assert ConcatParams(6, (1, 1), beats, Beat(4, 4, False), together=True).cycles == 6


@pytest.mark.parametrize(
    ("counts", "beats", "out", "together", "words"),
    [
        ((1,), 2, Beat(2, 4, False), False, "counts must be 2, not 1"),
        ((1, 2), 2, Beat(4, 4, False), True, "counts must be 1 where beats are joined, not"),
        ((1, 1), 2, Beat(2, 4, False), True, "output lanes must be 4, not 2"),
        ((1, 1), 2, Beat(4, 4, False), False, "input lanes must be 4, not"),
        ((1, 1), 2, Beat(2, 4, True), False, "the output must hold 0…15, not"),
    ],
)
def test_what_does_not_fit(counts, beats, out, together, words):
    with pytest.raises(ValueError, match=words):
        ConcatParams(3, counts, (Beat(2, 4, False),) * beats, out, together)


def test_joined_beats_are_wires():
    beats = Beat(2, 4, False), Beat(2, 4, False)
    joined = ConcatParams(6, (1, 1), beats, Beat(4, 4, False), together=True)
    assert cost(joined, "ecp5").lut < 5 and cost(joined, "ecp5").ff == 0
