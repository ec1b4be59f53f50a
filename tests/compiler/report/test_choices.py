"""What report.json says of a layer's choice."""

from __future__ import annotations

import json

import pytest

from sangi.boards.load import load_board
from sangi.compiler.mapping.mapper import map_program
from sangi.compiler.report.layers import layers

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
