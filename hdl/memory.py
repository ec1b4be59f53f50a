"""Attributes that make every tool build a memory from the cells that were asked for."""

from __future__ import annotations

from typing import Literal

RamStyle = Literal["registers", "distributed", "block", "auto"]
RomStyle = Literal["distributed", "block"]

_SYNPLIFY = {"registers": "registers", "distributed": "distributed", "block": "block_ram"}


def ram_attributes(style: RamStyle) -> dict[str, str | int]:
    """Return the attributes of a writable memory; ``auto`` leaves the choice to the tool.

    ``ram_style`` is read by Yosys and Vivado, ``syn_ramstyle`` by Quartus, Diamond and Gowin.
    ``no_rw_check``: no circuit here uses what it reads from a place in the cycle in which the place
    is written, so that Yosys need not add logic that defines it.
    """
    checks: dict[str, str | int] = {"no_rw_check": 1}
    if style == "auto":
        return checks
    return {**checks, "ram_style": style, "syn_ramstyle": _SYNPLIFY[style]}


def rom_attributes(style: RomStyle) -> dict[str, str | int]:
    """Return the attributes of a memory that is only read.

    Yosys refuses a LUT RAM that is never written, but looks at ``ram_style`` first and makes
    logic of ``registers``; Vivado looks at ``rom_style``.
    """
    if style == "block":
        return {"rom_style": "block", "syn_romstyle": "block_rom"}
    return {"ram_style": "registers", "rom_style": "distributed", "syn_romstyle": "logic"}
