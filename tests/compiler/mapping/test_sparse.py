"""Where the mapping offers and takes the skipping engine."""

import numpy as np
import pytest

from sangi.boards.load import load_board
from sangi.compiler.mapping.mapper import map_program
from sangi.compiler.mapping.offers import Offers
from sangi.compiler.mapping.plan import make_plan
from sangi.compiler.mapping.search import candidates
from sangi.compiler.mapping.sparse import bankings_of, skipping_options, worthwhile
from sangi.compiler.mapping.wishes import LayerWish, Wishes
from sangi.hdl.skipping.params import SkippingParams
from sangi.runtime.ops.conv import Conv

from .programs import Builder


def balanced(filters, channels, zeros, banks, seed=0):
    """Ternary 3×3 kernels with the same number of zeros per filter and bank."""
    rng = np.random.default_rng(seed)
    order = rng.random((filters, 9 * channels // banks, banks)).argsort(axis=1).argsort(axis=1)
    kept = order >= round(zeros * order.shape[1])
    signs = rng.choice([-1, 1], (filters, 3, 3, channels))
    return signs * kept.reshape(filters, 3, 3, channels)


def program(zeros):
    """Two layers, the second one sparse."""
    net = Builder((8, 8, 3))
    first = net.requantize("first_q", net.conv("first", "x", 32, ternary=True))
    weights = balanced(32, 32, zeros, 8)
    second = net.node("second", Conv(weights, (1, 1), (1, 1, 1, 1)), first)
    return net.program(net.requantize("second_q", second))


def engines(design):
    return {unit.node: unit.engine for unit in design.units}


@pytest.mark.parametrize(("zeros", "engine"), [(0.9, "skipping"), (0.2, "folded")])
def test_zeros_decide(zeros, engine):
    design = map_program(program(zeros), load_board("pynq_z2"), target_fps=10_000)
    assert engines(design)["second"] == engine
    assert engines(design)["first"] == "folded"


def test_skipping_makes_the_circuit_smaller():
    net, board = program(0.9), load_board("pynq_z2")
    sparse = map_program(net, board, target_fps=10_000)
    unit = next(unit for unit in sparse.units if unit.engine == "skipping")
    assert unit.params.cycles <= board.clock_mhz * 1e6 / 10_000
    macs = 64 * 32 * 32 * 9
    assert unit.params.pe * unit.params.banks * unit.params.cycles < 0.25 * macs


def test_options_keep_interval_and_lanes():
    net = program(0.9)
    second = Offers(net).layers["second"]
    options = skipping_options(second, (2, 1), 5_000)
    assert options
    assert all(params.cycles <= 5_000 and params.banks % 2 == 0 for params in options)
    assert not skipping_options(second, (2, 1), 10)


def test_dense_weights_are_not_offered():
    offers = Offers(program(0.3))
    assert not worthwhile(offers.layers["second"])
    options = offers.options("second", (1, 1), 10**9)
    assert options
    assert not any(isinstance(params, SkippingParams) for params in options)


def test_plans_with_both_engines_are_wired():
    plan = make_plan(program(0.9), 10_000)
    (slot,) = (slot for slot in plan.slots if slot.node == "second")
    offered = [params for params in slot.options if isinstance(params, SkippingParams)]
    assert offered and len(offered) < len(slot.options)
    for params in offered:
        assert params.window.beat == plan.edges[slot.inputs[0]].beat
        assert params.out == plan.edges[slot.outputs[0]].beat


def test_intervals_of_sparse_layers_are_candidates():
    net = program(0.9)
    offers = Offers(net)
    bankings = bankings_of(offers.layers["second"])
    assert {pixels for _, _, pixels, _ in bankings} == {1, 2, 4, 8}
    cycles = {64 // pixels * sum(steps) for _, _, pixels, steps in bankings}
    assert cycles <= set(candidates(net, offers))


def corner(pixels):
    """A layer of two non-zeros, whose input takes longer than its work."""
    net = Builder((8, 8, 4))
    weights = np.zeros((1, 3, 3, 4), np.int64)
    weights[0, 0, 0, :2] = 3
    conv = net.node("conv", Conv(weights, (1, 1), (1, 1, 1, 1)), "x")
    return net.program(conv), Wishes(layers={"conv": LayerWish("skipping", {"pixels": pixels})})


@pytest.mark.parametrize("pixels", [2, 4, 8])
def test_pixels_whose_input_takes_longer_than_their_work_can_be_fixed(pixels):
    net, wishes = corner(pixels)
    design = map_program(net, load_board("pynq_z2"), wishes=wishes)
    (params,) = (unit.params for unit in design.units if unit.node == "conv")
    assert params.pixels == pixels
    assert params.cycles > 64 // pixels * sum(params.steps)


def test_banks_are_as_many_as_the_input_needs():
    """The fewest that do the work have more words behind the last pixel than there is time for."""
    layer = Offers(*corner(2)).layers["conv"]
    found = {(params.banks, params.cycles) for params in skipping_options(layer, (2, 1), 129)}
    assert found == {(4, 129)}
    found = {(params.banks, params.cycles) for params in skipping_options(layer, (2, 1), 130)}
    assert found == {(2, 130)}
