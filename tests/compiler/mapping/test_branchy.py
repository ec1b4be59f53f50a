"""Random branchy networks: their FIFO depths neither stop nor slow them, and are not generous."""

import pytest

from .branchy import draw_dense, draw_mapped, neither_stops_nor_slows, one_less_stops_or_slows

TIGHT = (1, 4, 10, 14, 15, 18, 23, 24, 26, 29)
"""Seeds of networks whose deepest FIFO is there for a reason that a short run shows."""


@pytest.mark.parametrize("seed", range(25))
def test_depths_neither_stop_nor_slow(seed):
    assert neither_stops_nor_slows(draw_mapped(seed))


@pytest.mark.parametrize("seed", range(10))
def test_depths_neither_stop_nor_slow_what_is_joined(seed):
    assert neither_stops_nor_slows(draw_mapped(seed, draw_dense))


@pytest.mark.parametrize("seed", TIGHT)
def test_one_element_less_in_the_critical_fifo_stops_or_slows(seed):
    mapped = draw_mapped(seed)
    assert mapped.critical is not None
    assert one_less_stops_or_slows(mapped, mapped.critical)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 500, 50))
def test_five_hundred_networks_neither_stop_nor_slow(first):
    wrong = [
        seed for seed in range(first, first + 50) if not neither_stops_nor_slows(draw_mapped(seed))
    ]
    assert not wrong


@pytest.mark.slow
def test_two_hundred_dense_blocks_neither_stop_nor_slow():
    seeds = range(200)
    assert not [s for s in seeds if not neither_stops_nor_slows(draw_mapped(s, draw_dense))]
