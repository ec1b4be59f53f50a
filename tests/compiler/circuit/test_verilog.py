"""The Verilog of a small network."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from sangi.boards.load import load_board
from sangi.compiler.circuit.verilog import write_rtl
from sangi.compiler.mapping.design import Design
from sangi.compiler.mapping.mapper import map_program
from sangi.hdl.arithmetic import TOGETHER

from ..mapping.programs import Builder


@pytest.fixture(scope="module")
def rtl(small: Design, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("rtl")
    return {path.name: path.read_text() for path in write_rtl(small, folder)}


def test_one_file_for_each_layer(rtl: dict[str, str], small: Design) -> None:
    assert list(rtl) == ["core.v", *(f"{unit.name}.v" for unit in small.units)]
    for unit in small.units:
        modules = re.findall(r"^module (\S+)", rtl[f"{unit.name}.v"], re.MULTILINE)
        assert modules[0] == unit.name
        assert all(name.startswith(f"{unit.name}__") for name in modules[1:])


def test_names_are_plain_and_nothing_names_a_source(rtl: dict[str, str]) -> None:
    for text in rtl.values():
        assert "\\" not in text
        assert "src =" not in text
        assert "/home" not in text


def test_header_names_node_op_engine_and_folding(rtl: dict[str, str]) -> None:
    first, second = rtl["l01_conv_block_conv.v"].splitlines()[:2]
    assert first == "// l01_conv_block_conv: node block/conv*/, Conv"
    assert second == "// engine folded, PE 1 x SIMD 2, 4-bit weights, 360 cycles per frame"


def test_streams_keep_their_names_in_the_core(rtl: dict[str, str], small: Design) -> None:
    for stream in small.streams:
        for signal in ("payload", "valid", "ready"):
            assert re.search(rf"^  wire .*\b{stream.name}_{signal};", rtl["core.v"], re.MULTILINE)


def test_weights_are_initial_values(rtl: dict[str, str]) -> None:
    text = rtl["l01_conv_block_conv.v"]
    assert re.search(r"initial begin\n\s+\w*weights\w*\[0\] = ", text)


def test_tables_of_logic_are_kept_apart(rtl: dict[str, str], small: Design) -> None:
    apart = re.compile(r'^\(\* keep_hierarchy = "yes" \*\)\nmodule (\S+)', re.MULTILINE)
    for unit in small.units:
        inside = getattr(unit.params, "weight_style", None) == "distributed"
        expected = [f"{unit.name}__weights_logic"] if inside else []
        assert apart.findall(rtl[f"{unit.name}.v"]) == expected
    assert any(apart.search(text) for text in rtl.values())


def test_constants_of_many_channels_are_kept_apart(tmp_path: Path) -> None:
    """Those of a requantizer that reads more words than are mapped together."""
    net = Builder((4, 4, 1))
    channels = TOGETHER + 4
    program = net.program(net.requantize("q", net.conv("conv", "x", channels)))
    board = load_board("ulx3s_85f")
    design = map_program(program, board, target_fps=board.clock_mhz * 1e6 / 20_000)
    unit = next(unit for unit in design.units if unit.node == "q")
    assert unit.params.words > TOGETHER
    write_rtl(design, tmp_path)
    text = (tmp_path / f"{unit.name}.v").read_text()
    apart = re.findall(r'^\(\* keep_hierarchy = "yes" \*\)\nmodule (\S+)', text, re.MULTILINE)
    assert f"{unit.name}__offsets_logic" in apart


def test_same_design_same_bytes(rtl: dict[str, str], small: Design, tmp_path: Path) -> None:
    again = write_rtl(small, tmp_path / "somewhere" / "else")
    assert {path.name: path.read_text() for path in again} == rtl


def test_names_of_the_model_cannot_end_a_comment(small: Design, tmp_path: Path) -> None:
    program = replace(small.program, name="two\nlines */ module core")
    core = write_rtl(replace(small, program=program), tmp_path)[0].read_text()
    assert core.startswith("// core: the network two lines */ module core\n//")
