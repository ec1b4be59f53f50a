"""What memories are made of: block RAMs, LUT RAM or logic, by family, as Yosys maps them.

Geometries are those of the vendors' documents. A memory whose style is ``auto`` goes where Yosys'
``memory_libmap`` would find it cheaper, and is told so, since what surrounds it may tip the scales;
on Cyclone V ``memory_bram`` looks at no style at all but only at how much of its blocks would be
used.
"""

from __future__ import annotations

from dataclasses import dataclass

from .memory import RamStyle, RomStyle

_BLOCK_36 = ((512, 36), (1024, 18), (2048, 9), (4096, 4), (8192, 2), (16384, 1))

_GEOMETRIES = {
    "xc7": (0.5, _BLOCK_36),  # halves of RAMB36, also of UltraScale+
    "xcup": (0.5, _BLOCK_36),
    "ecp5": (1.0, _BLOCK_36),  # DP16KD
    "gowin": (1.0, _BLOCK_36),  # BSRAM of 18 Kbit, SUG283
    "ice40": (1.0, ((256, 16), (512, 8), (1024, 4), (2048, 2))),
    "max10": (1.0, ((256, 36), (512, 18), (1024, 9), (2048, 4), (4096, 2), (8192, 1))),  # M9K
    "cyclonev": (1.0, ((256, 40), (512, 20), (1024, 10), (2048, 5), (4096, 2), (8192, 1))),  # M10K
    "arria10": (1.0, ((512, 40), (1024, 20), (2048, 10), (4096, 5), (8192, 2), (16384, 1))),  # M20K
}
"""Per family: what one block counts, and its (places, bits) shapes."""

_LUT_RAM_64 = {"ecp5": 10.4, "gowin": 10.4}
"""What 64 places of four bits of LUT RAM count where a block counts 64: between 10.3 and 10.6,
by the widths at which Yosys 0.70 changes from one to the other."""

_SMALL_ICE40 = 72
"""Bits of a block RAM of iCE40 up to which flip-flops are cheaper than it."""

_LEAST_USED = 5
"""Percent of M10Ks from which on Yosys takes them."""

_LIBMAP = ("xc7", "xcup", "ecp5", "gowin", "ice40")
"""Families whose memories ``memory_libmap`` maps: it is told their styles, and lays words that are
a block's depth apart side by side."""


@dataclass(frozen=True)
class Target:
    """What circuits are elaborated for: the ``platform`` of ``elaborate``."""

    family: str


def blocks(places: int, bits: int, family: str) -> float:
    """Return the block RAMs of a memory in the family's unit."""
    unit, shapes = _GEOMETRIES[family]
    if family == "cyclonev":
        depth, width = max(shapes, key=lambda shape: _percent(places, bits, shape))
        return unit * -(-places // depth) * -(-bits // width)
    if family not in _LIBMAP:
        return min(unit * -(-places // depth) * -(-bits // width) for depth, width in shapes)
    return unit * _side_by_side(places, bits, family)[0]


def block_rows(places: int, bits: int, family: str) -> int:
    """Return of how many blocks' outputs one is selected: words a block's depth apart."""
    return _side_by_side(places, bits, family)[1] if family in _LIBMAP else 1


def _side_by_side(places: int, bits: int, family: str) -> tuple[int, int]:
    """Return the fewest blocks, and of how many words that lie side by side one is selected."""
    rows = [(-(-places // depth), width) for depth, width in _GEOMETRIES[family][1]]
    return min((-(-count * bits // width), count) for count, width in rows)


def lut_ram_places(family: str) -> int:
    """Return up to which depth every memory of LUTs is smaller than a block RAM; 0: never."""
    return {"xc7": 64, "xcup": 64, "ecp5": 32, "gowin": 32}.get(family, 0)


def ram_is_block(places: int, bits: int, style: RamStyle, family: str) -> bool:
    """Return whether a memory that is written and read lies in block RAM."""
    if style == "registers":
        return False
    if family == "cyclonev":
        return fills_m10k(places, bits)
    if style != "auto":
        return style == "block"
    if family == "ice40":
        return places * bits > _SMALL_ICE40 * blocks(places, bits, family)
    if family in _LUT_RAM_64 and lut_ram_places(family) < places <= 64:
        return _LUT_RAM_64[family] * -(-bits // 4) > 64 * -(-bits // 36)
    return places > lut_ram_places(family)


def rom_is_block(places: int, bits: int, style: RomStyle, family: str) -> bool:
    """Return whether a table with a registered output lies in block RAM."""
    if family == "cyclonev":
        return fills_m10k(places, bits)
    return style == "block"


def told_style(style: RamStyle, places: int, bits: int, platform: object) -> RamStyle:
    """Return the style of a writable memory that a circuit names.

    Parameters
    ----------
    style : str
        What its parameters say; ``auto`` is decided here where the family is known.
    places, bits : int
    platform : Target, or any other platform of Amaranth's, or None
    """
    if style != "auto" or not isinstance(platform, Target) or platform.family not in _LIBMAP:
        return style
    if ram_is_block(places, bits, style, platform.family):
        return "block"
    return "distributed" if lut_ram_places(platform.family) else "registers"


def fills_m10k(places: int, bits: int) -> bool:
    """Return whether a memory fills so much of a Cyclone V's blocks that Yosys takes them."""
    shapes = _GEOMETRIES["cyclonev"][1]
    return max(_percent(places, bits, shape) for shape in shapes) >= _LEAST_USED


def _percent(places: int, bits: int, shape: tuple[int, int]) -> int:
    """Return the percent of a memory's blocks of one shape that it uses, rounded down."""
    depth, width = shape
    count = -(-places // depth) * -(-bits // width)
    return 100 * places * bits // (count * depth * width)
