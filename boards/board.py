"""Boards as values, read from TOML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Board:
    """What the compiler knows of a board.

    Attributes
    ----------
    name, title, part, family : str
        ``family`` is one of ``schema.FAMILIES``.
    lut, ff, bram, dsp : int
        What the chip has, in the units of ``hdl/cost.py``.
    clock_mhz : float
        Default clock of the core.
    tool : str or None
        Flow that makes the bitstream (``nextpnr-ecp5``, …); None: budget only, no project yet.
    shell : str or None
        ``uart`` or ``axi``.
    source : str or None
        Where pins and figures were taken from.
    settings : mapping
        The other tables (pins, PLL, device options; ``schema.TABLES`` lists them all), checked, as
        the project writer needs them.
    """

    name: str
    title: str
    part: str
    family: str
    lut: int
    ff: int
    bram: int
    dsp: int
    clock_mhz: float
    tool: str | None = None
    shell: str | None = None
    source: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
