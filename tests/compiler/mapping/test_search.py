"""The search: mixtures of engines, and shorter intervals where they are cheaper."""

import numpy as np
import pytest

from sangi.boards.load import load_board
from sangi.compiler.mapping.limits import budget_of
from sangi.compiler.mapping.offers import Offers
from sangi.compiler.mapping.search import Search
from sangi.compiler.mapping.select import Chooser, thrift
from sangi.runtime.ops.conv import Conv

from .programs import Builder


def pruned():
    """Three ternary layers of 30, 70 and 95 % zeros."""
    b = Builder((8, 8, 4), seed=3)
    x = "x"
    for number, zeros in enumerate((0.3, 0.7, 0.95)):
        shape = (16, 3, 3, b.types[x].channels)
        weights = b.rng.choice([-1, 1], shape) * (b.rng.random(shape) >= zeros)
        x = b.node(f"c{number}", Conv(weights, (1, 1), (1, 1, 1, 1)), x)
        x = b.requantize(f"q{number}", x)
    return b.program(b.dense("dense", b.flatten("flat", x), 4, ternary=True))


@pytest.fixture(scope="module")
def everything():
    board, program = load_board("ulx3s_85f"), pruned()
    offers, chooser = Offers(program), Chooser(board.family)
    searches = {engine: Search(program, offers.alone(engine), chooser) for engine in offers.engines}
    return Search(program, offers, chooser), searches, budget_of(board, {})


@pytest.mark.parametrize("interval", [600, 2_400, 20_000])
def test_a_mixture_is_never_dearer_than_one_engine(everything, interval):
    mixed, alone, room = everything
    found = mixed.at(interval, room)
    assert found.choice.fits
    rivals = [search.at(interval, room) for search in alone.values()]
    assert all(found.cost <= rival.cost * (1 + 1e-6) for rival in rivals if rival is not None)


def test_no_single_exchange_makes_a_choice_cheaper(everything):
    mixed, _, room = everything
    found = mixed.at(2_400, room)
    used = np.array([(c.lut, c.ff, c.bram, c.dsp) for c in found.choice.costs])
    for slot, costs in enumerate(found.choice.offered):
        for cost in costs:
            trial = used.copy()
            trial[slot] = (cost.lut, cost.ff, cost.bram, cost.dsp)
            assert thrift(trial.sum(axis=0) / room) >= found.cost * (1 - 1e-6)


def test_the_cheapest_within_a_limit_costs_no_more_than_just_at_it(everything):
    mixed, _, room = everything
    for limit in (700, 1_000, 3_000, 9_999):
        found = mixed.cheapest(limit, room)
        assert found.cycles <= found.interval <= limit
        assert found.cost <= mixed.at(limit, room).cost


def test_nothing_is_found_for_an_interval_that_is_too_short(everything):
    mixed, _, room = everything
    assert mixed.cheapest(3, room) is None
    assert "'x' takes more than 3 cycles with all its lanes" in mixed.slowest(3)
