"""Engines, limits and single layers as the user wishes."""

import pytest

from sangi.boards.load import load_board
from sangi.compiler.mapping.limits import Limit
from sangi.compiler.mapping.mapper import map_program
from sangi.compiler.mapping.offers import ENGINES, Offers
from sangi.compiler.mapping.resources import total_resources
from sangi.compiler.mapping.wishes import LayerWish, Wishes
from sangi.runtime.errors import FitError, UsageError

from .programs import Builder, digits


def ternary():
    b = Builder((6, 6, 2))
    x = b.requantize("q1", b.conv("conv1", "x", 4, ternary=True))
    x = b.requantize("q2", b.conv("conv2", x, 4, ternary=True))
    return b.program(b.dense("dense", b.flatten("flat", x), 3, ternary=True))


def layers(design):
    return {unit.node: unit for unit in design.units if unit.node in ("conv1", "conv2", "dense")}


def mapped(wishes, target_fps=2_000):
    return map_program(ternary(), load_board("pynq_z2"), target_fps=target_fps, wishes=wishes)


@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "grouped"])
def test_one_engine_computes_all_layers(engine):
    design = mapped(Wishes(engines=(engine,)))
    assert {unit.engine for unit in layers(design).values()} == {engine}


def test_single_layers_go_before_engines():
    wishes = Wishes(("folded",), layers={"conv2": LayerWish("skipping", {"pe": 2, "banks": 4})})
    found = layers(mapped(wishes))
    assert [unit.engine for unit in found.values()] == ["folded", "skipping", "folded"]
    assert (found["conv2"].params.pe, found["conv2"].params.banks) == (2, 4)


def test_every_layer_may_go_before_the_engines():
    folded = {name: LayerWish("folded") for name in ("conv1", "conv2", "dense")}
    found = layers(mapped(Wishes(("skipping",), layers=folded)))
    assert {unit.engine for unit in found.values()} == {"folded"}


def test_pixels_share_a_stream_of_indices():
    """Three windows in the time of one, with the same lanes."""
    wishes = {
        pixels: Wishes(
            layers={"conv2": LayerWish("skipping", {"pe": 1, "banks": 2, "pixels": pixels})}
        )
        for pixels in (1, 3)
    }
    single, shared = (layers(mapped(wish, None))["conv2"].params for wish in wishes.values())
    assert (single.pixels, shared.pixels) == (1, 3)
    assert 3 * shared.cycles == single.cycles
    with pytest.raises(UsageError, match="pixels"):
        mapped(Wishes(layers={"conv2": LayerWish("skipping", {"pixels": 5})}))


def test_a_setting_leaves_the_engines_that_have_it():
    offers = Offers(ternary(), Wishes(layers={"conv1": LayerWish(None, {"simd": 2})}))
    assert [offer.name for offer in offers.allowed["conv1"]] == ["folded"]
    styles = Wishes(layers={"dense": LayerWish("folded", {"weight_style": "block"})})
    assert layers(mapped(styles))["dense"].params.weight_style == "block"


def test_more_lanes_than_the_rate_needs_are_given():
    wishes = Wishes(layers={"conv2": LayerWish("folded", {"pe": 4, "simd": 4})})
    params = layers(mapped(wishes, target_fps=100))["conv2"].params
    assert (params.pe, params.simd) == (4, 4)


def test_limits_are_kept():
    board = load_board("pynq_z2")
    free = map_program(digits(), board)
    assert total_resources(free).dsp > 0
    wishes = Wishes(limits={"dsp": Limit(0), "lut": Limit(10, True)})
    design = map_program(digits(), board, wishes=wishes)
    assert total_resources(design).dsp == 0
    assert total_resources(design).lut <= 0.1 * board.lut


def test_a_limit_that_nothing_keeps_is_told():
    with pytest.raises(FitError, match=r"it needs about \d+ LUT and may use 1700 of 53200"):
        mapped(Wishes(limits={"lut": Limit(1700)}))
    with pytest.raises(FitError, match=r"the shell alone.* 1600 LUT and may use 100 of 53200"):
        mapped(Wishes(limits={"lut": Limit(100)}))


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        (Wishes(("bent",)), f"engine must be one of {', '.join(ENGINES)}, not 'bent'"),
        (
            Wishes(layers={"q1": LayerWish()}),
            "layer must be one of conv1, conv2, dense, not 'q1': by_hand has no other",
        ),
        (
            Wishes(layers={"conv1": LayerWish("bent")}),
            f"engine of layer 'conv1' must be one of {', '.join(ENGINES)}, not 'bent'",
        ),
        (
            Wishes(layers={"conv1": LayerWish("folded", {"pe": 3})}),
            "pe of layer 'conv1' must be one of 1, 2, 4, not 3",
        ),
        (
            Wishes(layers={"conv1": LayerWish("folded", {"banks": 1})}),
            "settings of layer 'conv1' must be of one engine, folded: pe, simd, ",
        ),
        (
            Wishes(layers={"conv1": LayerWish(None, {"simd": 1, "banks": 1})}),
            "; not simd, banks",
        ),
    ],
)
def test_what_there_is_not_is_refused_with_what_there_is(wishes, message):
    with pytest.raises(UsageError) as caught:
        mapped(wishes)
    assert message in str(caught.value)


def test_a_layer_that_is_fixed_too_slow_is_named():
    wishes = Wishes(layers={"conv2": LayerWish("folded", {"pe": 1, "simd": 1})})
    with pytest.raises(FitError, match=r"'conv2' takes more than 1000 cycles with folded and pe"):
        mapped(wishes, target_fps=100_000)
