"""What Yosys makes of a design, by unit or as a whole, in the cells that ``Resources`` counts."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from sangi.compiler.circuit.verilog import write_rtl
from sangi.compiler.circuit.yosys import run_yosys
from sangi.compiler.mapping.design import Design
from sangi.hdl.cost import Resources

COMMANDS = {
    "xc7": "synth_xilinx -family xc7 -noiopad -noclkbuf",
    "xcup": "synth_xilinx -family xcup -noiopad -noclkbuf",
    "ecp5": "synth_ecp5 -noflatten",
    "ice40": "synth_ice40 -dsp -noflatten",
    "gowin": "synth_gowin -noiopads -noflatten",
    "cyclonev": "synth_intel_alm -family cyclonev -noflatten",
}
"""Per family the passes that leave units apart; MAX 10's block RAM ends in an error of Yosys'."""

BOARDS = {
    "xc7": "pynq_z2",
    "xcup": "zcu104",
    "ecp5": "ulx3s_85f",
    "ice40": "hx8k_b_evn",
    "gowin": "tang_primer_20k",
    "cyclonev": "de10_nano",
}
"""A board of each family."""

WEIGHTS: Mapping[str, tuple[tuple[str, float], ...]] = {
    "lut": (
        (r"LUT[1-6]|SB_LUT4|ALU|SRL.*|MISTRAL_ALUT.*|MISTRAL_MLAB", 1),
        # Two carries and their LUTs; four LUTs of memory.
        ("CCU2C", 2),
        ("TRELLIS_DPR16X4|RAM32M|RAM64M|RAM16SDP4", 4),
        ("RAM32M16|RAM64M8", 8),
        ("RAM32X1D|RAM64X1D|RAM16SDP2", 2),
        ("RAM16SDP1", 1),
    ),
    "ff": ((r"FD[A-Z]E(_1)?|TRELLIS_FF|SB_DFF.*|DFF.*|MISTRAL_FF", 1),),
    "bram": (
        (r"RAMB36E[12]|DP16KD|SB_RAM40_4K.*|pROM.*|S?DPX?9?B?|SPX?9?|MISTRAL_M10K", 1),
        (r"RAMB18E[12]", 0.5),
    ),
    "dsp": (
        (r"DSP48E[12]|MULT18X18D?|SB_MAC16|MISTRAL_MUL.*", 1),
        # Gowin's block of 18 × 18 is two of 9 × 9; four make one of 36 × 36.
        ("MULT9X9", 0.5),
        ("MULT36X36", 4),
    ),
}
"""Per resource the cells that count, and for how much; carry chains of Xilinx and wide multiplexers
stand beside look-up tables and count nothing."""


def synthesize(design: Design, *, whole: bool = False) -> dict[str, Resources]:
    """Return what Yosys counts, by unit.

    Parameters
    ----------
    design : Design
    whole : bool
        Flatten the circuit first, as projects do; then there is one entry, ``core``.
    """
    command = COMMANDS[design.board.family]
    if whole:
        command = command.replace(" -noflatten", "")
        command += " -flatten" if command.startswith("synth_xilinx") else ""
    with tempfile.TemporaryDirectory() as name:
        rtl = write_rtl(design, Path(name) / "rtl")
        units = "" if whole else " l*"
        # What is kept apart is mapped apart, and counted with its unit.
        after = ("setattr -mod -unset keep_hierarchy *", f"flatten{units}")
        return count_modules(rtl, command, () if whole else ("flatten l*",), after)


def count_modules(
    sources: Sequence[Path], command: str, before: Sequence[str] = (), after: Sequence[str] = ()
) -> dict[str, Resources]:
    """Return what Yosys counts in every module.

    Parameters
    ----------
    sources : sequence of Path
        Verilog; the top module is ``core``.
    command : str
        Synthesizes.
    before, after : sequence of str
        Commands in front of it and behind.
    """
    with tempfile.TemporaryDirectory() as name:
        run_yosys(
            [
                *(f"read_verilog {path}" for path in sources),
                "rename -hide w:*[*]*",
                "hierarchy -top core",
                *before,
                f"{command} -top core",
                *after,
                f"tee -q -o {name}/stat stat -json",
            ]
        )
        text = (Path(name) / "stat").read_text(encoding="utf-8")
    modules = json.loads(text[text.index("{") :])["modules"]
    return {name.lstrip("\\"): resources_of(m["num_cells_by_type"]) for name, m in modules.items()}


def resources_of(cells: Mapping[str, int]) -> Resources:
    """Return what cells count."""
    return Resources(
        **{
            kind: sum(
                weight * number
                for pattern, weight in patterns
                for cell, number in cells.items()
                if re.fullmatch(pattern, cell)
            )
            for kind, patterns in WEIGHTS.items()
        }
    )
