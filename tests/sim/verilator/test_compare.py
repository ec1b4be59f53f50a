"""Naming the first wrong element."""

from __future__ import annotations

import numpy as np
import pytest

from sangi.hdl.beat import Beat
from sangi.sim.probe import Probe, pack
from sangi.sim.verilator.compare import compare, compare_stream, place_of

BEAT = Beat(2, 8, False)
PROBE = Probe("s03", "t1", "block1/conv", "l02_folded_block1_conv", BEAT, 12, (3, 2, 4))


@pytest.fixture
def expected() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (3, 3, 2, 4))


def test_equal_streams_have_no_difference(expected: np.ndarray) -> None:
    assert compare_stream(PROBE, pack(expected, BEAT), expected) is None


def test_first_wrong_element_is_named(expected: np.ndarray) -> None:
    got = expected.copy()
    got[1, 2, 0, 3] ^= 7
    got[2, 0, 0, 0] ^= 7
    difference = compare_stream(PROBE, pack(got, BEAT), expected)
    assert difference is not None
    assert difference.count == 2
    must, is_ = expected[1, 2, 0, 3], got[1, 2, 0, 3]
    assert str(difference) == (
        "layer l02_folded_block1_conv (node block1/conv, tensor t1, stream s03) is wrong at "
        f"frame 1, row 2, column 0, channel 3: must be {must}, not {is_}"
    )


def test_missing_elements_are_counted_and_named(expected: np.ndarray) -> None:
    difference = compare_stream(PROBE, pack(expected, BEAT)[:-2], expected, first_frame=8)
    assert difference is not None
    assert difference.count == 4
    assert difference.place == (
        "frame 10, row 2, column 1, channel 0: this and what follows never came"
    )
    assert "must be" not in str(difference)


def test_surplus_elements_are_wrong(expected: np.ndarray) -> None:
    difference = compare_stream(PROBE, pack(expected, BEAT), expected[:2])
    assert difference is not None
    assert difference.count == 24
    assert difference.place == "the end: 24 elements more than 2 frames"


def test_streams_keep_their_order(expected: np.ndarray) -> None:
    wrong = pack(expected ^ 1, BEAT)
    second = Probe("s04", "t2", "add", "l03_add", BEAT, 12, (3, 2, 4))
    good = (PROBE, pack(expected, BEAT), expected)
    found = compare([good, (PROBE, wrong, expected), (second, wrong, expected)])
    assert [difference.probe.stream for difference in found] == ["s03", "s04"]


def test_a_vector_has_only_channels() -> None:
    assert place_of(13, (10,), first_frame=2) == "frame 3, channel 3"
