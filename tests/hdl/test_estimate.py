"""What memories and products take of each family's blocks."""

import pytest

from sangi.boards.schema import FAMILIES
from sangi.hdl.arithmetic import Product
from sangi.hdl.estimate import multiply, stored_words
from sangi.hdl.memories import blocks, lut_ram_places

KBIT = {"xc7": 18, "xcup": 18, "ecp5": 18, "gowin": 18, "ice40": 4, "max10": 9, "cyclonev": 10}
KBIT["arria10"] = 20
"""Bits that a block holds, or the half that counts one half."""


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("places", [16, 256, 512, 700, 4096])
@pytest.mark.parametrize("bits", [1, 8, 36, 40])
def test_a_memory_is_held_by_its_blocks(family, places, bits):
    count = blocks(places, bits, family)
    halves = count * (2 if family in ("xc7", "xcup") else 1)
    assert halves == int(halves) >= 1
    assert halves * KBIT[family] * 1024 >= places * bits


@pytest.mark.parametrize(
    ("family", "counts"),
    [
        # 512 × 36, 256 × 40 and 1024 × 9 bits, by the geometries in the vendors' documents.
        ("xc7", (0.5, 1.0, 0.5)),
        ("xcup", (0.5, 1.0, 0.5)),
        ("ecp5", (1, 2, 1)),
        ("gowin", (1, 2, 1)),
        ("ice40", (5, 3, 3)),
        ("max10", (2, 2, 1)),
        ("cyclonev", (2, 1, 1)),
        ("arria10", (1, 1, 1)),
    ],
)
def test_blocks_of_each_family(family, counts):
    sizes = ((512, 36), (256, 40), (1024, 9))
    assert tuple(blocks(*size, family) for size in sizes) == counts


@pytest.mark.parametrize(
    ("family", "counts"),
    [
        # Signed 8 × 8, 17 × 24 and 24 × 25 bits; the circuits cut the last factor into chunks.
        ("xc7", (1, 1, 2)),
        ("xcup", (1, 1, 2)),
        ("ecp5", (1, 2, 4)),
        ("gowin", (0.5, 2, 3.5)),
        ("ice40", (1, 2, 5)),
        ("max10", (0.5, 2, 3.5)),
        ("cyclonev", (1, 1, 2)),
        ("arria10", (1, 1, 2)),
    ],
)
def test_multipliers_of_each_family(family, counts):
    products = (
        Product(*size, "dsp")
        for size in ((8, True, 8, True), (17, True, 24, True), (24, True, 25, True))
    )
    taken = tuple(multiply(p, 48, family, constant=False).dsp for p in products)
    assert taken == counts


def test_depth_up_to_which_memories_are_luts():
    found = {family: lut_ram_places(family) for family in FAMILIES}
    assert found == {
        "xc7": 64,
        "xcup": 64,
        "ecp5": 32,
        "gowin": 32,
        "ice40": 0,
        "cyclonev": 0,
        "max10": 0,
        "arria10": 0,
    }


@pytest.mark.parametrize(
    ("places", "bits", "luts"),
    [
        # Counted by Yosys for drawn bits: xc7, ecp5, ice40, gowin.
        (64, 16, {"xc7": 16, "ecp5": 64, "ice40": 146, "gowin": 64}),
        (128, 16, {"xc7": 32, "ecp5": 128, "ice40": 305, "gowin": 128}),
        (256, 16, {"xc7": 64, "ecp5": 295, "ice40": 575, "gowin": 256}),
        (448, 16, {"xc7": 148, "ecp5": 587, "ice40": 940, "gowin": 578}),
        (448, 96, {"xc7": 836, "ecp5": 3404, "ice40": 4252, "gowin": 3252}),
        (1024, 16, {"xc7": 356, "ecp5": 1349, "ice40": 1946, "gowin": 1275}),
    ],
)
def test_weights_in_look_up_tables_are_close_to_yosys(places, bits, luts):
    for family, counted in luts.items():
        assert stored_words(places, bits, "distributed", family).lut == pytest.approx(
            counted, rel=0.2
        )


def test_equal_columns_of_few_words_are_counted_once():
    assert stored_words(2, 100, "distributed", "xc7").ff == 2 * 4
