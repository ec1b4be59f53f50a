# amaranth: UnusedElaboratable=no
"""Tables of constants: what they are made of."""

import numpy as np
import pytest
from amaranth.hdl import Const, Module, Shape, Signal
from amaranth.lib.memory import Memory

from sangi.hdl.arithmetic import SMALL_BITS, TOGETHER
from sangi.hdl.stored import LOGIC, Stored
from sangi.hdl.tables import channel_constants, rom


def made(words, width, readers=1):
    """Return the outputs and the submodules by name."""
    m = Module()
    addresses = [Signal(12, name=f"address{number}") for number in range(readers)]
    outputs = rom(m, list(range(words)), width, addresses, "table")
    return outputs, m._named_submodules


def test_one_word_is_a_constant():
    outputs, modules = made(1, 8, readers=2)
    assert [type(value) for value in outputs] == [Const, Const] and not modules


def test_few_words_of_logic_stay_with_their_reader():
    outputs, modules = made(TOGETHER, 8, readers=2)
    assert len(outputs) == 2 and [type(part) for part in modules.values()] == [Memory]


def test_more_words_of_logic_are_a_module_for_every_reader():
    outputs, modules = made(TOGETHER + 1, 8, readers=2)
    assert list(modules) == [f"table{LOGIC}", f"table1{LOGIC}"]
    assert all(isinstance(part, Stored) for part in modules.values())
    assert len(outputs) == 2


def test_block_ram_is_shared_by_its_readers():
    _, modules = made(SMALL_BITS // 8 + 1, 8, readers=2)
    assert list(modules) == ["table"]
    assert modules["table"].attrs["rom_style"] == "block"


@pytest.mark.parametrize(("channels", "lanes"), [(8, 8), (8, 2), (40, 2)])
def test_equal_entries_are_wired(channels, lanes):
    m = Module()
    table = np.full(channels, 5, np.int64)
    word = Signal(8)
    assert len(channel_constants(m, table, lanes, Shape(4), word, "entries")) == lanes
    assert not m._named_submodules
