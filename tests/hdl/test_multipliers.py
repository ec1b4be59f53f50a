"""Multiplier blocks of single products, against what Yosys makes of them."""

import json
import random

import pytest
from pyosys import libyosys

from sangi.boards.schema import FAMILIES
from sangi.hdl.multipliers import products_of

SYNTHESIS = {
    "xc7": "synth_xilinx -family xc7 -noiopad -noclkbuf -run begin:map_luts",
    "xcup": "synth_xilinx -family xcup -noiopad -noclkbuf -run begin:map_luts",
    "ecp5": "synth_ecp5",
    "gowin": "synth_gowin -noiopads",
    "ice40": "synth_ice40 -dsp",
    "cyclonev": "synth_intel_alm -family cyclonev",
}
UNITS = {"MULT9X9": 0.5, "MULT36X36": 4.0}
"""Of Gowin's blocks; all others count one."""


def product(a, a_signed, b, b_signed):
    """Return Verilog of a product behind a register."""
    left, right = "$signed(a)" if a_signed else "a", "$signed(b)" if b_signed else "b"
    if a_signed != b_signed:
        left = left if a_signed else "$signed({1'b0, a})"
        right = right if b_signed else "$signed({1'b0, b})"
    top = a + b - 1
    return (
        f"module top(input clk, input [{a - 1}:0] a, input [{b - 1}:0] b, output reg [{top}:0] y);"
        f" wire [{top}:0] p = {left} * {right}; always @(posedge clk) y <= p; endmodule"
    )


def counted(text, family, folder):
    """Return the blocks that Yosys takes."""
    (folder / "top.v").write_text(text)
    design = libyosys.Design()
    for command in (f"read_verilog {folder}/top.v", f"{SYNTHESIS[family]} -top top", "stat -json"):
        libyosys.run_pass(f"tee -q -o {folder}/log {command}", design)
    found = (folder / "log").read_text()
    cells = json.loads(found[found.index("{") :])["design"]["num_cells_by_type"]
    names = ("DSP48", "MULT", "SB_MAC16", "MISTRAL_MUL")
    return sum(UNITS.get(name, 1.0) * n for name, n in cells.items() if name.startswith(names))


@pytest.mark.slow
@pytest.mark.parametrize("family", SYNTHESIS)
def test_drawn_products_take_as_many_blocks_as_in_yosys(family, tmp_path):
    rng = random.Random(1)
    for _ in range(8):
        a, b = rng.randint(3, 26), rng.randint(3, 25)
        signs = rng.random() < 0.6, rng.random() < 0.5
        expected = counted(product(a, signs[0], b, signs[1]), family, tmp_path)
        assert products_of(a, signs[0], b, signs[1], a + b, family).blocks == expected


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_too_narrow_is_spelled_out(family):
    pieces = products_of(1, False, 1, False, 2, family)
    assert pieces.blocks == 0
    assert pieces.spelled == ((1, 1),)


def test_wide_products_are_cut():
    # 18 × 18, and the 6 topmost bits of one operand.
    pieces = products_of(24, True, 18, True, 42, "ecp5")
    assert (pieces.blocks, pieces.widths) == (2.0, ((18, 18), (6, 18)))
