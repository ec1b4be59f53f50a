"""Beats to bytes and back."""

from __future__ import annotations

import numpy as np
import pytest

from sangi.hdl.beat import Beat
from sangi.sim.probe import Probe, pack, unpack


def test_pack_puts_lane_0_into_the_lowest_bits() -> None:
    beats = pack(np.array([1, -1, 2, 3]), Beat(2, 5, True))
    assert beats.tolist() == [[0b11100001, 0b11], [0b01100010, 0]]


@pytest.mark.parametrize(
    ("lanes", "bits", "signed"), [(1, 1, False), (3, 8, False), (4, 21, True), (16, 33, True)]
)
def test_unpack_inverts_pack(lanes: int, bits: int, signed: bool) -> None:
    low = -(1 << (bits - 1)) if signed else 0
    high = low + (1 << bits) - 1
    values = np.random.default_rng(1).integers(low, high, (2, 5, 3 * lanes), endpoint=True)
    values[0, 0, :2] = low
    values[0, 1, :2] = high
    beat = Beat(lanes, bits, signed)
    assert np.array_equal(unpack(pack(values, beat), beat), values.reshape(-1))


def test_probe_survives_json() -> None:
    probe = Probe("s03", "t", "conv", "l01_conv", Beat(2, 9, True), 12, (3, 4, 2))
    assert Probe.from_json(probe.to_json()) == probe
    assert probe.bytes == 3
