"""Where the mapping offers and takes the unrolled engine."""

from dataclasses import replace

import numpy as np
import pytest

from sangi.boards.load import load_board
from sangi.compiler.circuit.components import component_of
from sangi.compiler.mapping.layer import Layer
from sangi.compiler.mapping.mapper import map_program
from sangi.compiler.mapping.offers import Offers
from sangi.compiler.mapping.unrolled import (
    comparable,
    digits_of,
    levels_at,
    unrolled_cycles,
    unrolled_options,
    unrolled_refusal,
)
from sangi.compiler.mapping.wishes import LayerWish, Wishes
from sangi.hdl.unrolled import digits
from sangi.hdl.unrolled.circuit import Unrolled
from sangi.runtime.errors import UsageError
from sangi.runtime.ops.conv import Conv

from .programs import Builder


def program(filters=8, ternary=True, padding=None):
    """A layer of 8×8 pixels and its requantizer."""
    net = Builder((8, 8, 4))
    conv = net.conv("conv", "x", filters, ternary=ternary, padding=padding)
    return net.program(net.requantize("q", conv))


def layer(net, **fixed):
    node = net.nodes[0]
    return Layer(node.name, node.op, net.types["x"], net.types[node.output], fixed)


def unit(design, node="conv"):
    return next(unit for unit in design.units if unit.node == node)


def test_digits_follow_the_rate():
    """The slower the stream, the fewer bits of a sum are computed in a cycle."""
    net, board, digits = program(), load_board("pynq_z2"), []
    for interval in (90, 300, 600, 1_000):
        fps = board.clock_mhz * 1e6 / interval
        wishes = Wishes(engines=("unrolled",))
        design = map_program(net, board, target_fps=fps, wishes=wishes)
        assert design.cycles_per_frame <= interval
        digits.append(unit(design).params.digit)
    assert digits == [0, 4, 2, 1]


def test_numpy_before_2_maps_the_same(monkeypatch):
    """It has no ``bitwise_count``."""
    board = load_board("pynq_z2")
    params = [unit.params for unit in map_program(program(), board).units]
    monkeypatch.delattr(np, "bitwise_count", raising=False)
    monkeypatch.setattr(digits, "_COUNT", None)
    assert [unit.params for unit in map_program(program(), board).units] == params


def test_bits_are_added_four_at_a_time_where_tables_have_six_inputs():
    for family, operands in (("xc7", 4), ("xcup", 4), ("ecp5", 2), (None, 2)):
        options = unrolled_options(replace(layer(program()), family=family), (4, 2), 10_000)
        assert {p.operands for p in options if p.digit == 1} == {operands}
        assert {p.operands for p in options if p.digit != 1} == {2}


def test_slow_streams_take_another_engine():
    board = load_board("pynq_z2")
    design = map_program(program(), board, target_fps=board.clock_mhz * 1e6 / 20_000)
    assert unit(design).engine != "unrolled"


def test_fast_streams_take_it():
    board = load_board("pynq_z2")
    design = map_program(program(), board, target_fps=board.clock_mhz * 1e6 / 90)
    assert unit(design).engine == "unrolled"


def test_options_keep_interval_and_lanes():
    options = unrolled_options(layer(program()), (2, 4), 900)
    assert {params.digit for params in options} == {0, 1, 2, 4}
    assert any(params.places for params in options)
    assert all(params.cycles <= 900 and params.out.lanes == 4 for params in options)
    assert not unrolled_options(layer(program()), (2, 4), 60)


def test_a_digit_can_be_fixed():
    wishes = Wishes(layers={"conv": LayerWish("unrolled", {"digit": 2})})
    design = map_program(program(), load_board("pynq_z2"), target_fps=10_000, wishes=wishes)
    assert unit(design).params.digit == 2
    assert {
        params.digit for params in unrolled_options(layer(program(), digit=2), (1, 1), 9999)
    } == {2}


@pytest.mark.parametrize(
    ("family", "clock_mhz", "levels"),
    [
        ("ecp5", 200.0, 1),
        ("ecp5", 100.0, 1),
        ("ecp5", 60.0, 2),
        ("ecp5", 10.0, 4),
        ("xc7", 10.0, 1),
    ],
)
def test_slow_clocks_leave_time_for_adders_in_a_row(family, clock_mhz, levels):
    assert levels_at(family, clock_mhz) == levels


def test_registers_follow_the_clock():
    """A slower clock has fewer of them between adders, unless the user says how many."""
    net, board = program(), load_board("ulx3s_85f")

    def depth(**options):
        wishes = Wishes(layers={"conv": LayerWish("unrolled", options.pop("fixed", {}))})
        params = unit(map_program(net, board, wishes=wishes, **options)).params
        return params.levels, params.depth

    (one, deep), (two, flat) = depth(clock_mhz=100.0), depth()
    assert (one, two) == (1, 2) and flat == -(-deep // 2)
    assert depth(levels=1) == (1, deep)
    assert depth(fixed={"levels": 3}) == (3, -(-deep // 3))


def test_the_circuit_has_the_weights_of_the_layer(monkeypatch):
    monkeypatch.setattr(Unrolled, "_MustUse__silence", True)
    net = program()
    design = map_program(net, load_board("pynq_z2"), wishes=Wishes(engines=("unrolled",)))
    circuit = component_of(design, unit(design))
    weights = net.nodes[0].op.weights
    assert np.array_equal(circuit.plan.network.matrix, weights.reshape(len(weights), -1))


def test_windows_in_the_padding_alone_are_not_offered():
    net = program(padding=(3, 3, 3, 3))
    assert not unrolled_options(layer(net), (1, 1), 10**9)
    assert unit(map_program(net, load_board("pynq_z2"))).engine != "unrolled"


@pytest.mark.parametrize(("value", "digits"), [(0, 0), (1, 1), (-3, 2), (7, 2), (-8, 1), (85, 4)])
def test_signed_digits_are_counted(value, digits):
    net = Builder((1, 1, 1))
    net.node("conv", Conv(np.full((1, 1, 1, 1), value), (1, 1), (0, 0, 0, 0)), "x")
    assert digits_of(layer(net.program("conv"))) == digits


def test_large_layers_are_not_searched():
    """Neither where synthesis would take too long, nor where lanes are cheaper for sure."""
    small, large = layer(program()), layer(program(filters=512, ternary=False))
    assert unrolled_refusal(small) is None
    assert "must have at most 4,000 signed digits for that, not " in unrolled_refusal(large)
    assert not unrolled_options(large, (1, 1), 10**9)
    assert comparable(small, 64) and not comparable(small, 100_000)


def mixed():
    """A layer that can be unrolled, and one that is too large for it."""
    net = Builder((8, 8, 4))
    x = net.requantize("q", net.conv("small", "x", 8, ternary=True))
    return net.program(net.conv("large", x, 64))


def test_layers_that_cannot_be_unrolled_take_another_engine():
    """Where that engine alone was chosen; without a choice they never compete."""
    wishes = Wishes(engines=("unrolled",))
    design = map_program(mixed(), load_board("pynq_z2"), target_fps=1_000, wishes=wishes)
    assert (unit(design, "small").engine, unit(design, "large").engine) == ("unrolled", "folded")
    assert "unrolled" not in Offers(mixed()).engines
    folded = Wishes(layers={"large": LayerWish("folded")})
    assert "unrolled" in Offers(mixed(), folded).engines


DIGITS_TOLD = r"its weights must have at most 4,000 signed digits for that, not \d+,\d{3}"


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        (
            LayerWish("unrolled"),
            r"engine of layer 'large' must be folded or skipping, not 'unrolled': " + DIGITS_TOLD,
        ),
        (
            LayerWish(None, {"digit": 1}),
            rf"settings of layer 'large' must be of .*; not digit \(unrolled: {DIGITS_TOLD}\)",
        ),
    ],
)
def test_a_layer_that_is_too_large_cannot_be_fixed_to_it(wish, message):
    with pytest.raises(UsageError, match=message):
        Offers(mixed(), Wishes(layers={"large": wish}))


@pytest.mark.parametrize(
    ("net", "reason"),
    [
        (program(filters=512, ternary=False), "its weights must have at most 4,000 signed"),
        (program(padding=(3, 3, 3, 3)), "no window may lie in the padding alone"),
    ],
)
def test_a_network_without_layers_to_unroll_says_why(net, reason):
    with pytest.raises(UsageError) as caught:
        Offers(net, Wishes(engines=("unrolled",)))
    told = f"a layer of by_hand (folded, skipping), not unrolled ('conv': {reason}"
    assert told in str(caught.value)


def test_intervals_of_all_digits_are_candidates():
    net = program()
    cycles = set(unrolled_cycles(layer(net)))
    assert {params.cycles for params in unrolled_options(layer(net), (4, 8), 10**6)} & cycles
    assert max(cycles) >= max(p.cycles for p in unrolled_options(layer(net), (1, 1), 10**6))
    assert cycles <= Offers(net).intervals()


def test_narrow_sums_have_no_wide_digits():
    """A layer whose sums have one bit cannot be computed in digits of more."""
    net = Builder((8, 8, 4))
    conv = net.node("conv", Conv(np.zeros((8, 3, 3, 4), np.int64), (1, 1), (1, 1, 1, 1)), "x")
    whole = net.program(conv)
    narrow = layer(whole)
    assert narrow.out.bits == 1
    wishes = Wishes(layers={"conv": LayerWish("unrolled", {"digit": 4})})
    with pytest.raises(UsageError, match="digit of layer 'conv' must be one of 0, 1, not 4"):
        Offers(whole, wishes)
    options = unrolled_options(narrow, (1, 1), 10**9)
    assert {params.digit for params in options} == {0, 1}
