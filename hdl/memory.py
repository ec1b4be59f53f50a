"""Attributes that make every tool build a memory from the cells that were asked for."""

from __future__ import annotations

from typing import Literal

RamStyle = Literal["registers", "distributed", "block"]

_SYNPLIFY = {"registers": "registers", "distributed": "distributed", "block": "block_ram"}


def ram_attributes(style: RamStyle) -> dict[str, str]:
    """Return the attributes of a writable memory.

    ``ram_style`` is read by Yosys and Vivado, ``syn_ramstyle`` by Quartus, Diamond and Gowin.
    """
    return {"ram_style": style, "syn_ramstyle": _SYNPLIFY[style]}


def rom_attributes(style: Literal["distributed", "block"]) -> dict[str, str | int]:
    """Return the attributes of a memory that is only read.

    Yosys takes ``rom_style`` "distributed" for a LUT RAM, which no table can be, and stops;
    ``logic_block`` and ``syn_romstyle`` keep it from block RAM.
    """
    if style == "block":
        return {"rom_style": "block", "syn_romstyle": "block_rom"}
    return {"syn_romstyle": "logic", "logic_block": 1}
