"""Where memories lie, by family: the widths at which Yosys 0.70 changes from LUTs to blocks."""

import pytest

from sangi.hdl.memories import (
    Target,
    blocks,
    fills_m10k,
    ram_is_block,
    rom_is_block,
    told_style,
)


@pytest.mark.parametrize("family", ["ecp5", "gowin"])
def test_sixty_four_places_are_weighed(family):
    found = {bits: ram_is_block(64, bits, "auto", family) for bits in (24, 25, 36, 37, 48, 49, 73)}
    assert found == {24: False, 25: True, 36: True, 37: False, 48: False, 49: True, 73: True}
    assert not ram_is_block(32, 200, "auto", family)


def test_small_memories_of_ice40_are_flip_flops():
    sizes = ((64, 1), (64, 2), (16, 4), (16, 5), (8, 9), (8, 10))
    assert [ram_is_block(*size, "auto", "ice40") for size in sizes] == [False, True] * 3


def test_wide_memories_of_ice40_do_not_leave_their_blocks_empty():
    assert [ram_is_block(4, bits, "auto", "ice40") for bits in (16, 128)] == [False, False]
    assert [ram_is_block(8, bits, "auto", "ice40") for bits in (16, 17, 128)] == [True, False, True]


def test_an_m10k_is_taken_from_a_twentieth_on_whatever_is_asked_for():
    for style in ("auto", "block", "distributed"):
        assert [ram_is_block(64, bits, style, "cyclonev") for bits in (7, 8)] == [False, True]
        assert [ram_is_block(32, bits, style, "cyclonev") for bits in (15, 16)] == [False, True]
    assert rom_is_block(64, 8, "distributed", "cyclonev")
    assert not ram_is_block(64, 8, "registers", "cyclonev")


def test_all_blocks_of_cyclone_count_and_not_the_last_one_alone():
    # 96 bits are three blocks of 40, of which 18 places use a twentieth.
    assert fills_m10k(18, 96) and blocks(18, 96, "cyclonev") == 3
    assert blocks(703, 13, "cyclonev") == 2


@pytest.mark.parametrize(
    ("family", "shallow", "deep"),
    [
        ("xc7", "distributed", "block"),
        ("ecp5", "distributed", "block"),
        ("gowin", "distributed", "block"),
        ("ice40", "registers", "block"),
        ("cyclonev", "auto", "auto"),
    ],
)
def test_an_open_style_is_decided_where_the_family_is_known(family, shallow, deep):
    target = Target(family)
    assert told_style("auto", 4, 8, target) == shallow
    assert told_style("auto", 512, 8, target) == deep
    assert told_style("block", 4, 8, target) == "block"
    assert told_style("auto", 512, 8, None) == "auto"


def test_a_style_is_kept_elsewhere():
    assert ram_is_block(16, 1, "block", "ecp5")
    assert not ram_is_block(4096, 8, "distributed", "xc7")
    assert rom_is_block(16, 4, "block", "ice40")


def test_words_a_block_apart_lie_side_by_side():
    # Three rows of 1,024 words of 12 bits fill two blocks of 18 bits.
    assert blocks(2470, 12, "ecp5") == 2 and blocks(2470, 12, "xc7") == 1
    assert blocks(2048, 12, "ecp5") == 2 and blocks(4096, 12, "ecp5") == 3


def test_blocks_of_cyclone_are_those_that_are_used_best():
    assert blocks(512, 20, "cyclonev") == 1
    assert blocks(300, 8, "cyclonev") == 1
