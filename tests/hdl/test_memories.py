"""Where memories lie, by family: the widths at which Yosys 0.70 changes from LUTs to blocks."""

import pytest

from sangi.hdl.memories import blocks, ram_is_block, rom_is_block


@pytest.mark.parametrize("family", ["ecp5", "gowin"])
def test_sixty_four_places_are_weighed(family):
    found = {bits: ram_is_block(64, bits, "auto", family) for bits in (24, 25, 36, 37, 48, 49, 73)}
    assert found == {24: False, 25: True, 36: True, 37: False, 48: False, 49: True, 73: True}
    assert not ram_is_block(32, 200, "auto", family)


def test_small_memories_of_ice40_are_flip_flops():
    sizes = ((64, 1), (64, 2), (16, 4), (16, 5), (8, 9), (8, 10))
    assert [ram_is_block(*size, "auto", "ice40") for size in sizes] == [False, True] * 3


def test_an_m10k_is_taken_from_a_twentieth_on_whatever_is_asked_for():
    for style in ("auto", "block", "distributed"):
        assert [ram_is_block(64, bits, style, "cyclonev") for bits in (7, 8)] == [False, True]
        assert [ram_is_block(32, bits, style, "cyclonev") for bits in (15, 16)] == [False, True]
    assert rom_is_block(64, 8, "distributed", "cyclonev")
    assert not ram_is_block(64, 8, "registers", "cyclonev")


def test_a_style_is_kept_elsewhere():
    assert ram_is_block(16, 1, "block", "ecp5")
    assert not ram_is_block(4096, 8, "distributed", "xc7")
    assert rom_is_block(16, 4, "block", "ice40")


def test_blocks_of_cyclone_are_those_that_are_used_best():
    assert blocks(512, 20, "cyclonev") == 1
    assert blocks(300, 8, "cyclonev") == 1
