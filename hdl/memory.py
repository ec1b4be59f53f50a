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
