"""The Verilog of vendors' projects: clean in Verilator, and within the chip by Yosys."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from sangi.boards.load import list_boards, load_board
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
LINTED = ("arty_a7_35", "pynq_z2", "zcu104", "de10_nano", "de10_lite", "arria10_gx")
"""A board of every family and shell."""
VENDORS = [name for name in list_boards() if load_board(name).tool in ("vivado", "quartus")]
CELLS = {
    "lut": r"(LUT[1-6]|MISTRAL_ALUT.*|MISTRAL_MLAB|fiftyfivenm_lcell_comb)",
    "ff": r"(FD[A-Z]E(_1)?|MISTRAL_FF|dffeas)",
    "bram": r"(RAMB36E[12]|RAMB18E[12]|MISTRAL_M10K|M9K)",
    "dsp": r"(DSP48E[12]|MISTRAL_MUL.*|fiftyfivenm_mac_mult)",
}
M9K = """\
(* blackbox *)
module M9K(CLK2, CLK3, A1ADDR, A1DATA, A1EN, B1ADDR, B1DATA, B1EN);
  parameter CFG_ABITS = 8, CFG_DBITS = 36, CLKPOL2 = 1, CLKPOL3 = 1;
  parameter [9215:0] INIT = 9216'bx;
  input CLK2, CLK3, A1EN, B1EN;
  input [CFG_ABITS-1:0] A1ADDR, B1ADDR;
  input [CFG_DBITS-1:0] B1DATA;
  output [CFG_DBITS-1:0] A1DATA;
endmodule
"""


def synthesis(family: str, top: str, folder: Path) -> list[str]:
    """Return Yosys' commands for a family."""
    if family in ("xc7", "xcup"):
        return [f"synth_xilinx -family {family} -flatten -top {top}"]
    if family == "max10":
        # Yosys turns its M9K into a cell that takes no contents, and fails: the cell stays as it
        # is before that.
        (folder / "m9k.v").write_text(M9K)
        return [
            f"read_verilog -lib {folder}/m9k.v",
            f"synth_intel -family max10 -top {top} -run begin:map_bram",
            "memory_bram -rules +/intel/common/brams_m9k.txt",
            "chtype -set M9K t:$__M9K_ALTSYNCRAM_SINGLEPORT_FULL",
            f"synth_intel -family max10 -top {top} -run map_ffram:vqm",
        ]
    # Cyclone V stands for Arria 10 as well, which Yosys does not know.
    return [f"synth_intel_alm -family cyclonev -top {top}"]


def sources(build: Path, shell: str) -> tuple[str, list[Path]]:
    """Return the top module of a build and its files."""
    if shell == "axi":
        return "axi_shell", sorted((build / "project" / "ip").glob("*.v"))
    return "top", sorted((build / "project").glob("*.v"))


@pytest.mark.parametrize("name", LINTED)
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


def cells(verilog: list[Path], top: str, family: str, folder: Path) -> dict[str, int]:
    """Synthesize files and count the cells by their types."""
    run_yosys(
        [
            *(f"read_verilog {path}" for path in verilog),
            *([] if family in ("xc7", "xcup") else [f"read_verilog -lib {PRIMITIVES}"]),
            "rename -hide w:*[*]*",
            *synthesis(family, top, folder),
            f"tee -q -o {folder}/stat.json stat -json -top {top}",
        ]
    )
    counted = json.loads((folder / "stat.json").read_text())["design"]["num_cells_by_type"]
    assert not any(cell.startswith("$_") or cell.startswith("$mem") for cell in counted)
    return dict(counted)


@pytest.fixture(scope="module")
def seen() -> dict[str, dict[str, int]]:
    """Cells by what was synthesized: boards of one family often get the same circuit."""
    return {}


@pytest.mark.slow
@pytest.mark.parametrize("name", VENDORS)
def test_digits_fit_the_chip(name, seen, tmp_path):
    board = load_board(name)
    compile_model(DIGITS, name, out=tmp_path / "build", target_fps=3750)
    top, files = sources(tmp_path / "build", board.shell)
    text = "".join(path.read_text() for path in files)
    # The first line of the top level names the board.
    key = board.family + re.sub(r"^// top: .*$", "", text, flags=re.MULTILINE)
    if key not in seen:
        seen[key] = cells(files, top, board.family, tmp_path)
    counted = seen[key]
    figures = []
    for kind, available in (
        ("lut", board.lut),
        ("ff", board.ff),
        ("bram", board.bram),
        ("dsp", board.dsp),
    ):
        used = sum(n for cell, n in counted.items() if re.fullmatch(CELLS[kind], cell))
        figures.append(f"{kind} {used} of {available}")
        assert used <= available, kind
        assert used > 0 or kind in ("dsp", "bram"), f"no {kind} among {sorted(counted)}"
    print(f"{name}: {', '.join(figures)}")
