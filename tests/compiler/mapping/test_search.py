"""The search: mixtures of engines, and shorter intervals where they are cheaper."""

from pathlib import Path

import numpy as np
import pytest

from sangi.boards.load import load_board
from sangi.compiler.frontend import load
from sangi.compiler.mapping.limits import budget_of
from sangi.compiler.mapping.offers import Offers
from sangi.compiler.mapping.resources import shell_resources
from sangi.compiler.mapping.search import Search
from sangi.compiler.mapping.select import Chooser, thrift, vector
from sangi.compiler.mapping.wishes import Wishes
from sangi.compiler.order.order import order_channels
from sangi.runtime.ops.conv import Conv

from .programs import Builder

EXAMPLES = Path(__file__).parents[3] / "examples" / "digits"


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


@pytest.mark.parametrize(
    ("network", "board", "engines"),
    [
        ("digits_ternary", "ulx3s_85f", ("unrolled",)),
        ("digits_tiny", "hx8k_b_evn", ("unrolled",)),
        ("digits_tiny", "ulx3s_12f", ("folded", "unrolled")),
    ],
)
def test_the_fastest_is_found_past_intervals_that_do_not_fit(network, board, engines):
    search, room = searched(network, board, engines)
    fits = [
        interval
        for interval in search.intervals
        if (found := search.at(interval, room)) is not None and found.choice.fits
    ]
    assert search.fastest(room).interval == fits[0]


def test_a_circuit_is_fast_enough_where_streams_of_more_lanes_make_it_so():
    """Those that just carry a frame in 261 cycles leave too few for steps that give nothing."""
    search, room = searched("digits_ternary", "ulx3s_85f", ("unrolled",))
    for interval in (100, 128, 261):
        found = search.at(interval, room)
        assert found.interval == interval >= found.cycles


@pytest.mark.parametrize("interval", [262, 1_000])
def test_adders_are_looked_at_where_an_estimate_is_not_sure(interval):
    """In the last convolution they take a third of what the lanes take that they seem to match."""
    board = load_board("ulx3s_85f")
    mixed, room = searched("digits_ternary", "ulx3s_85f", ())
    alone = Search(mixed.program, mixed.offers.alone("unrolled"), Chooser(board.family))
    assert mixed.at(interval, room).cost <= alone.at(interval, room).cost * (1 + 1e-6)


def searched(network, board, engines):
    """Return the search of an example's circuits, and the room on a board."""
    program = order_channels(load(EXAMPLES / f"{network}.onnx", mapped=True))
    board = load_board(board)
    offers = Offers(program, Wishes(engines=engines), board.family)
    room = budget_of(board, {}) - vector(shell_resources(board))
    return Search(program, offers, Chooser(board.family)), room
