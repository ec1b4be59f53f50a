"""What Yosys makes of a design, by unit or as a whole, in the cells that ``Resources`` counts."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from sangi.compiler.circuit.verilog import write_rtl
from sangi.compiler.circuit.yosys import run_yosys
from sangi.compiler.mapping.design import Design
from sangi.compiler.project.nextpnr_ice40 import KEEP_PRODUCTS
from sangi.hdl.cost import Resources

M9K = {
    # A style decides what becomes a block RAM, and not how much of it is used.
    "brams_m9k.txt": ("min efficiency 2", "min efficiency 0"),
    # Without that a block RAM with contents ends in an error.
    "brams_map_m9k.v": (");\n", ");\n  parameter INIT = 0;\n"),
}
"""Files of Yosys' share for the block RAMs of MAX 10, and what is replaced in them."""

COMMANDS = {
    "xc7": "synth_xilinx -family xc7 -noiopad -noclkbuf -top core",
    "xcup": "synth_xilinx -family xcup -noiopad -noclkbuf -top core",
    "ecp5": "synth_ecp5 -noflatten -top core",
    "ice40": f"{KEEP_PRODUCTS}; synth_ice40 -dsp -noflatten -top core",
    "gowin": "synth_gowin -noiopads -noflatten -top core",
    "cyclonev": "synth_intel_alm -family cyclonev -noflatten -top core",
    "max10": (
        "synth_intel -family max10 -noflatten -top core -run begin:map_bram; "
        "memory_map */a:ram_style=registers; memory_bram -rules {folder}/brams_m9k.txt; "
        "techmap -map {folder}/brams_map_m9k.v; "
        "synth_intel -family max10 -top core -run map_ffram:; "
        "chtype -set MULT9 t:fiftyfivenm_mac_mult r:dataa_width<10 %i r:datab_width<10 %i"
    ),
}
"""Per family the passes that leave units apart."""

BOARDS = {
    "xc7": "pynq_z2",
    "xcup": "zcu104",
    "ecp5": "ulx3s_85f",
    "ice40": "hx8k_b_evn",
    "gowin": "tang_primer_20k",
    "cyclonev": "de10_nano",
    "max10": "de10_lite",
}
"""A board of each family."""

WEIGHTS: Mapping[str, tuple[tuple[str, float], ...]] = {
    "lut": (
        (
            r"LUT[1-6]|SB_LUT4|ALU|SRL.*|MISTRAL_ALUT.*|MISTRAL_MLAB|fiftyfivenm_lcell_comb",
            1,
        ),
        # Two carries and their LUTs; four LUTs of memory.
        ("CCU2C", 2),
        ("TRELLIS_DPR16X4|RAM32M|RAM64M|RAM16SDP4", 4),
        ("RAM32M16|RAM64M8", 8),
        ("RAM32X1D|RAM64X1D|RAM16SDP2", 2),
        ("RAM16SDP1", 1),
    ),
    "ff": ((r"FD[A-Z]E(_1)?|TRELLIS_FF|SB_DFF.*|DFF.*|MISTRAL_FF|dffeas", 1),),
    "bram": (
        (
            r"RAMB36E[12]|DP16KD|SB_RAM40_4K.*|pROM.*|S?DPX?9?B?|SPX?9?|MISTRAL_M10K|altsyncram",
            1,
        ),
        (r"RAMB18E[12]", 0.5),
    ),
    "dsp": (
        (r"DSP48E[12]|MULT18X18D?|SB_MAC16|MISTRAL_MUL.*|fiftyfivenm_mac_mult", 1),
        # A block of 18 × 18 is two of 9 × 9; four of Gowin's make one of 36 × 36.
        ("MULT9X9|MULT9", 0.5),
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
        One of ``COMMANDS``.
    before, after : sequence of str
        Commands in front of it and behind.
    """
    with tempfile.TemporaryDirectory() as name:
        if "m9k" in command:
            shared = Path(find_spec("pyosys").origin).parent / "share" / "intel" / "common"
            for file, (old, new) in M9K.items():
                text = (shared / file).read_text(encoding="utf-8")
                (Path(name) / file).write_text(text.replace(old, new, 1), encoding="utf-8")
        run_yosys(
            [
                *(f"read_verilog {path}" for path in sources),
                "rename -hide w:*[*]*",
                "hierarchy -top core",
                *before,
                command.format(folder=name),
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
