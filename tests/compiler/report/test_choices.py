"""What report.json says of a layer's choice."""

from __future__ import annotations

import json
import re

import pytest

from sangi.boards.load import load_board
from sangi.compiler.mapping.explain import Alternative, Reason
from sangi.compiler.mapping.layer import Layer
from sangi.compiler.mapping.mapper import map_program
from sangi.compiler.mapping.unrolled import unrolled_options
from sangi.compiler.mapping.windowed import folded_options
from sangi.compiler.mapping.wishes import LayerWish, Wishes
from sangi.compiler.report.choices import choices
from sangi.compiler.report.layers import layers
from sangi.hdl.cost import Resources

from ..mapping.programs import Builder


@pytest.fixture(scope="module")
def table():
    b = Builder((8, 8, 4))
    x = b.requantize("q", b.conv("conv", "x", 8, ternary=True))
    program = b.program(b.dense("dense", b.flatten("flat", x), 4))
    design = map_program(program, load_board("pynq_z2"), target_fps=5_000)
    return {row["node"]: row for row in layers(design)}


def test_every_node_says_why(table) -> None:
    assert json.dumps(table, allow_nan=False)
    for row in table.values():
        choice = row["choice"]
        assert choice["interval"] <= 20_000
        assert row["cycles"] <= choice["interval"]
        assert choice["scarce"] in ("lut", "ff", "bram", "dsp")
        assert choice["why"].startswith(f"{row['engine']} ")
    assert "is scarce: its " in table["conv"]["choice"]["why"]
    assert "; next best: " in table["conv"]["choice"]["why"]


def test_alternatives_are_one_of_every_engine_and_what_they_take_more(table) -> None:
    row = table["conv"]
    others = row["choice"]["alternatives"]
    engines = [other["engine"] for other in others]
    assert len(set(engines)) == len(engines) >= 1
    for other in others:
        assert other["cycles"] <= row["choice"]["interval"]
        mine = row["choice"]["resources"]
        for kind, count in other["resources"].items():
            assert other["more"][kind] == pytest.approx(count - mine[kind], abs=0.11)
        same = (other["engine"], other["folding"], other["made_of"]) == (
            row["engine"],
            row["folding"],
            row["choice"]["made_of"],
        )
        assert not same
    # Whatever was not taken costs more of something.
    assert all(max(other["more"].values()) > 0 for other in others)


def test_int8_weights_may_be_multiplied_by_blocks_or_not(table) -> None:
    choice = table["dense"]["choice"]
    assert choice["made_of"]["multiplier"] in ("dsp", "packed", "lut")


def test_what_is_no_node_has_no_choice() -> None:
    b = Builder((4, 4, 2))
    program = b.program(b.add("twice", "x", "x"))
    design = map_program(program, load_board("pynq_z2"))
    fork, add = layers(design)
    assert fork["choice"] is None
    assert add["choice"]["alternatives"][0]["made_of"] != add["choice"]["made_of"]


def whys(wishes: Wishes, fps: float = 100) -> dict[str, str]:
    """Return what is said of every node of two layers."""
    b = Builder((8, 8, 2))
    x = b.requantize("q", b.conv("conv", "x", 4, ternary=True))
    program = b.program(b.dense("dense", b.flatten("flat", x), 4, ternary=True))
    design = map_program(program, load_board("pynq_z2"), target_fps=fps, wishes=wishes)
    return {row["node"]: row["choice"]["why"] for row in layers(design) if row["node"]}


def test_what_the_user_fixed_is_said() -> None:
    found = whys(Wishes(("folded", "unrolled"), layers={"conv": LayerWish("folded", {"pe": 2})}))
    assert found["conv"].startswith(
        "folded, within what the user fixed (engine = folded, pe = 2), adds least"
    )
    assert ", within what the user fixed (engine = folded or unrolled), adds" in found["dense"]
    assert "fixed" not in found["q"]
    found = whys(Wishes(layers={"conv": LayerWish(None, {"pe": 2})}))
    assert ", within what the user fixed (pe = 2), adds" in found["conv"]
    assert not any("fixed" in why for why in whys(Wishes()).values())


@pytest.mark.parametrize(
    ("digit", "said"), [(0, "whole sums"), (1, "digits of 1 bit"), (4, "digits of 4 bits")]
)
def test_unrolled_alternatives_are_told_apart(digit, said) -> None:
    """They may differ in no more than a FIFO of pixels in front of the line buffer."""
    why = whys(Wishes(layers={"conv": LayerWish("unrolled", {"digit": digit})}))["conv"]
    assert re.search(rf"next best: unrolled \(\d+ adders, 1 in a row, {said}\), a FIFO of", why)


def test_a_fifo_that_neither_circuit_has_is_not_told() -> None:
    b = Builder((8, 8, 4))
    program = b.program(b.conv("conv", "x", 8, ternary=True))
    (node,) = program.nodes
    layer = Layer("conv", node.op, program.types["x"], program.types["conv"], {})
    folded = folded_options(layer, (4, 2), 10_000)[0]
    for unrolled in unrolled_options(layer, (4, 2), 10_000):
        other = Alternative(unrolled, Resources(30.0), Resources(20.0))
        reason = Reason("conv", 10_000, 0, Resources(10.0), (other,))
        why = choices((reason,), {"conv": folded})["conv"]["why"]
        assert (f"a FIFO of {unrolled.places} pixels" in why) == bool(unrolled.places)
        assert "no FIFO" not in why
