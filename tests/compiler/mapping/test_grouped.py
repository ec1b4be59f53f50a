"""Grouped and depthwise convolutions: their foldings, and engines that cannot compute them."""

from __future__ import annotations

import pytest

from sangi.boards.load import load_board
from sangi.compiler.mapping.grouped import groupings_of
from sangi.compiler.mapping.mapper import map_program
from sangi.compiler.mapping.offers import Offers
from sangi.compiler.mapping.wishes import LayerWish, Wishes
from sangi.compiler.report.folding import folding
from sangi.compiler.report.report import make_report
from sangi.hdl.grouped.params import GroupedParams
from sangi.hdl.grouped.schedule import schedule
from sangi.runtime.errors import UsageError

from .programs import Builder


def mobile(groups=8, filters=8, ternary=False):
    """A convolution, a depthwise or grouped one, a pointwise one, a dense layer."""
    b = Builder((8, 8, 3))
    x = b.requantize("q1", b.conv("first", "x", 8))
    x = b.conv("deep", x, filters, stride=2, groups=groups, ternary=ternary)
    x = b.requantize("q2", x)
    x = b.requantize("q3", b.conv("point", x, 8, 1))
    return b.program(b.dense("dense", b.flatten("flat", x), 4))


def deep(design):
    return next(unit for unit in design.units if unit.node == "deep")


def mapped(wishes=None, target_fps=1000, **options):
    board = load_board("ulx3s_85f")
    return map_program(mobile(**options), board, target_fps=target_fps, wishes=wishes)


@pytest.mark.parametrize(("groups", "filters"), [(8, 8), (8, 16), (2, 8), (4, 4)])
def test_groups_get_their_engine(groups, filters):
    """As few lanes as the rate needs, and more for a higher one."""
    slow, fast = (
        deep(mapped(target_fps=fps, groups=groups, filters=filters)) for fps in (1000, 400_000)
    )
    assert slow.engine == fast.engine == "grouped"
    slow, fast = slow.params, fast.params
    assert slow.pe * slow.simd == 1
    assert fast.pe * fast.simd > 1
    assert fast.cycles <= load_board("ulx3s_85f").clock_mhz * 1e6 / 400_000
    macs = 4 * 4 * filters * 9 * (8 // groups)
    assert slow.cycles == macs


def test_every_folding_has_the_cycles_of_its_schedule():
    """Of several whole groups, and of parts of one."""
    layer = Offers(mobile(groups=4, filters=8)).layers["deep"]
    found = {(pe, simd) for pe, simd, _ in groupings_of(layer)}
    assert found == {(1, 1), (1, 2), (2, 1), (2, 2), (4, 2), (8, 2)}
    for pe, simd, cycles in groupings_of(layer):
        fixed = Offers(
            mobile(groups=4, filters=8), Wishes(layers={"deep": LayerWish(None, {"pe": pe})})
        )
        options = [
            params for params in fixed.options("deep", (1, 1), cycles) if params.simd == simd
        ]
        assert {params.cycles for params in options} == {cycles}
        assert all(schedule(params).actors[1].durations.sum() == cycles for params in options)


def test_streams_of_many_lanes_need_words_as_wide():
    layer = Offers(mobile()).layers["deep"]
    assert {(pe, simd) for pe, simd, _ in groupings_of(layer, (4, 2))} == {(4, 1), (8, 1)}


def test_ternary_weights_need_no_multiplier():
    params = deep(mapped(ternary=True)).params
    assert isinstance(params, GroupedParams)
    assert (params.multiplier, params.weight_bits) == ("ternary", 2)


def test_engines_that_were_chosen_compute_what_they_can():
    """A grouped convolution has one engine only; what else is chosen goes for the other layers."""
    design = mapped(Wishes(("folded",)))
    engines = {unit.node: unit.engine for unit in design.units}
    assert [engines[name] for name in ("first", "deep", "point")] == ["folded", "grouped", "folded"]
    assert "grouped" not in Offers(mobile()).engines


def test_a_single_layer_is_fixed():
    wishes = Wishes(
        layers={
            "deep": LayerWish("grouped", {"pe": 4, "multiplier": "lut", "weight_style": "block"})
        }
    )
    params = deep(mapped(wishes)).params
    assert (params.pe, params.multiplier, params.weight_style) == (4, "lut", "block")
    assert folding(params) == {"pe": 4, "simd": 1}


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        (
            Wishes(layers={"deep": LayerWish("folded")}),
            "engine of layer 'deep' must be grouped, not 'folded': its filters see a group",
        ),
        (
            Wishes(layers={"point": LayerWish("grouped")}),
            "must be folded or skipping or unrolled, not 'grouped': no filter of it sees a group",
        ),
        (
            Wishes(layers={"deep": LayerWish(None, {"pe": 3})}),
            "pe of layer 'deep' must be one of 1, 2, 4, 8, not 3",
        ),
        (
            Wishes(layers={"deep": LayerWish(None, {"banks": 2})}),
            "settings of layer 'deep' must be of one engine, grouped: pe, simd, multiplier, "
            "weight_style; not banks",
        ),
    ],
)
def test_refusals(wishes, message):
    with pytest.raises(UsageError, match=message):
        mapped(wishes)


@pytest.mark.parametrize(
    ("settings", "ways"),
    [
        ({"pe": 8, "simd": 1}, "not pe = 8, simd = 1; change pe to 1, 2, 4 or simd to 4"),
        ({"simd": 2, "pe": 8}, "not simd = 2, pe = 8; change simd to 4 or pe to 1, 2, 4"),
    ],
)
def test_settings_that_are_possible_one_by_one_but_not_together(settings, ways):
    """Several groups side by side take whole groups."""
    with pytest.raises(UsageError) as caught:
        mapped(Wishes(layers={"deep": LayerWish("grouped", settings)}), groups=2)
    told = "settings of layer 'deep' must be possible together, "
    assert str(caught.value) == told + ways


def test_an_engine_for_no_layer_is_refused():
    b = Builder((4, 4, 2))
    program = b.program(b.conv("only", "x", 4))
    with pytest.raises(UsageError, match=r"by_hand \(folded, skipping, unrolled\), not grouped"):
        Offers(program, Wishes(("grouped",)))


def test_the_report_counts_work_and_weights():
    design = mapped(target_fps=50_000)
    document = make_report(design, ())
    (layer,) = (one for one in document["layers"] if one["node"] == "deep")
    assert (layer["engine"], layer["weights"], layer["weight_bits"]) == ("grouped", 72, 8)
    lanes = layer["folding"]["pe"] * layer["folding"]["simd"]
    assert layer["macs"] == 4 * 4 * 72
    assert layer["utilization"] == pytest.approx(
        layer["macs"] / lanes / design.cycles_per_frame, abs=1e-4
    )
