"""Weights that share a multiplier block: when the mapping takes them, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sangi.boards.load import load_board
from sangi.compiler.mapping.mapper import map_program
from sangi.compiler.mapping.offers import Offers
from sangi.compiler.mapping.resources import total_resources
from sangi.compiler.mapping.wishes import LayerWish, Wishes
from sangi.hdl.folded.params import FoldedParams
from sangi.runtime.errors import UsageError

from .programs import Builder

ANY = 10**9


def program(filters=8, low=-127):
    b = Builder((8, 8, 4))
    b.weights = lambda shape, ternary: b.rng.integers(low, 128, shape, dtype=np.int64)
    x = b.requantize("q1", b.conv("conv1", "x", filters))
    return b.program(b.conv("conv2", x, filters))


def folded(design):
    return [unit.params for unit in design.units if isinstance(unit.params, FoldedParams)]


def board(**resources):
    return replace(load_board("pynq_z2"), **resources)


def either(multiplier=None):
    """Both layers folded, with this multiplier."""
    settings = {} if multiplier is None else {"multiplier": multiplier}
    return Wishes(layers={name: LayerWish("folded", settings) for name in ("conv1", "conv2")})


def test_the_mapping_shares_multipliers_where_they_are_scarce():
    few = board(dsp=100)
    design = map_program(program(), few, wishes=either())
    kinds = {params.multiplier for params in folded(design)}
    assert "packed" in kinds and "dsp" not in kinds
    alone = map_program(program(), few, wishes=either("dsp"))
    assert design.cycles_per_frame < alone.cycles_per_frame


def test_at_one_rate_half_of_the_multipliers_are_left():
    mine, theirs = (
        total_resources(map_program(program(), board(), target_fps=150_000, wishes=either(kind)))
        for kind in ("packed", "dsp")
    )
    assert mine.dsp <= 0.6 * theirs.dsp
    assert mine.lut <= 1.1 * theirs.lut


def test_a_layer_can_be_fixed_to_it_or_kept_from_it():
    for kind in ("packed", "dsp"):
        wish = LayerWish("folded", {"multiplier": kind, "pe": 4})
        design = map_program(
            program(), board(), target_fps=100, wishes=Wishes(layers={"conv2": wish})
        )
        (params,) = [unit.params for unit in design.units if unit.node == "conv2"]
        assert (params.multiplier, params.pe) == (kind, 4)
        assert (params.packing is not None) == (kind == "packed")


@pytest.mark.parametrize("family", ["ecp5", None], ids=["too wide for 18 x 18", "no family"])
def test_refused_where_two_weights_do_not_fit(family):
    wish = LayerWish("folded", {"multiplier": "packed"})
    with pytest.raises(
        UsageError, match="multiplier of layer 'conv1' must be one of dsp, lut, not 'packed'"
    ):
        Offers(program(), Wishes(layers={"conv1": wish}), family)


@pytest.mark.parametrize("engine", [None, "folded"])
def test_a_single_filter_has_nothing_to_share_with(engine):
    wish = LayerWish(engine, {"multiplier": "packed", "pe": 1})
    with pytest.raises(UsageError) as caught:
        Offers(program(), Wishes(layers={"conv1": wish}), "xc7")
    assert str(caught.value) == (
        "settings of layer 'conv1' must be possible together, not multiplier = packed, pe = 1; "
        "change multiplier to dsp, lut or pe to 2, 4, 8"
    )
    wish = LayerWish(engine, {"multiplier": "packed", "pe": 2})
    offers = Offers(program(), Wishes(layers={"conv1": wish}), "xc7")
    assert [offer.name for offer in offers.able["conv1"]] == ["folded"]


def test_only_foldings_whose_filters_share_are_left():
    wish = LayerWish("folded", {"multiplier": "packed"})
    offers = Offers(program(filters=6), Wishes(layers={"conv1": wish}), "xc7")
    options = offers.options("conv1", (1, 1), ANY)
    assert options
    assert all(params.pe % 2 == 0 and params.packing.count == 2 for params in options)


def test_fields_hold_the_weights_that_there_are():
    """With -128 among them the sums of two products overlap by a bit."""
    overlaps = {
        low: {
            params.packing.overlap
            for params in Offers(program(low=low), Wishes(("folded",)), "xc7").options(
                "conv1", (1, 1), 3000
            )
            if params.multiplier == "packed" and params.simd > 1
        }
        for low in (-128, -127)
    }
    assert overlaps == {-128: {1}, -127: {0}}
