"""The Verilog of vendors' projects: clean in Verilator, and within the chip by Yosys."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from sangi.boards.load import load_board
from sangi.compiler.circuit.axi_shell import write_axi_shell
from sangi.compiler.circuit.shell import write_shell
from sangi.compiler.circuit.verilog import write_rtl
from sangi.compiler.circuit.yosys import run_yosys
from sangi.compiler.compile import compile_model
from sangi.compiler.project.flows import write_project
from sangi.sim.verilator.tools import environment, executable

ROOT = Path(__file__).parents[3]
PRIMITIVES = ROOT / "sim" / "verilator" / "primitives.v"
DIGITS = ROOT / "examples" / "digits" / "digits_int8.onnx"
SYNTHESIS = {
    "arty_a7_35": "synth_xilinx -family xc7 -flatten",
    "pynq_z2": "synth_xilinx -family xc7 -flatten",
    "zcu104": "synth_xilinx -family xcup -flatten",
    "de10_nano": "synth_intel_alm -family cyclonev",
    # Cyclone V as an indication: Yosys does not know Arria 10, and its map of MAX 10's block RAM
    # ends in an error ("Can't find object for defparam `INIT`").
    "de10_lite": "synth_intel_alm -family cyclonev",
    "arria10_gx": "synth_intel_alm -family cyclonev",
}
CELLS = {
    "lut": r"(LUT[1-6]|MISTRAL_ALUT.*|MISTRAL_MLAB)",
    "ff": r"(FD[A-Z]E(_1)?|MISTRAL_FF)",
    "bram": r"(RAMB36E[12]|RAMB18E[12]|MISTRAL_M10K)",
    "dsp": r"(DSP48E[12]|MISTRAL_MUL.*)",
}


def sources(build: Path, shell: str) -> tuple[str, list[Path]]:
    """Return the top module of a build and its files."""
    rtl = sorted((build / "rtl").glob("*.v"))
    if shell == "axi":
        return "axi_shell", rtl
    return "top", [*rtl, build / "project" / "top.v"]


@pytest.mark.parametrize("name", list(SYNTHESIS))
def test_verilator_finds_no_fault(name, small, tmp_path):
    board = load_board(name)
    write_rtl(small, tmp_path / "rtl")
    (write_axi_shell if board.shell == "axi" else write_shell)(small, tmp_path / "rtl")
    write_project(board, board.clock_mhz, 0, tmp_path)
    top, files = sources(tmp_path, board.shell)
    done = subprocess.run(
        # Amaranth's own style: case items that overlap, and widths that are cut.
        [
            *(executable(), "--lint-only", "-Wno-WIDTH", "-Wno-CASEOVERLAP"),
            *("-Wno-SYMRSVDWORD", "--top-module", top, PRIMITIVES, *files),
        ],
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", list(SYNTHESIS))
def test_digits_fit_the_chip(name, tmp_path):
    board = load_board(name)
    compile_model(DIGITS, name, out=tmp_path / "build", target_fps=3750)
    top, files = sources(tmp_path / "build", board.shell)
    intel = board.tool == "quartus"
    run_yosys(
        [
            *(f"read_verilog {path}" for path in files),
            *([f"read_verilog -lib {PRIMITIVES}"] if intel else []),
            "rename -hide w:*[*]*",
            f"{SYNTHESIS[name]} -top {top}",
            f"tee -q -o {tmp_path}/stat.json stat -json -top {top}",
        ]
    )
    counted = json.loads((tmp_path / "stat.json").read_text())["design"]["num_cells_by_type"]
    assert not any(cell.startswith("$_") or cell.startswith("$mem") for cell in counted)
    for kind, available in (
        ("lut", board.lut),
        ("ff", board.ff),
        ("bram", board.bram),
        ("dsp", board.dsp),
    ):
        used = sum(n for cell, n in counted.items() if re.fullmatch(CELLS[kind], cell))
        assert used <= available, kind
        assert used > 0 or kind in ("dsp", "bram"), f"no {kind} among {sorted(counted)}"
