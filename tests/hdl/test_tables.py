# amaranth: UnusedElaboratable=no
"""Tables of constants: what they are made of."""

import re

import numpy as np
import pytest
from amaranth.back import rtlil
from amaranth.hdl import Const, Module, Shape, Signal

from sangi.hdl.arithmetic import SMALL_BITS, TOGETHER
from sangi.hdl.stored import LOGIC
from sangi.hdl.tables import channel_constants, rom


def made(words, width, readers=1):
    """Return the outputs, and the modules' names in RTLIL with the memories in each."""
    m = Module()
    addresses = [Signal(12, name=f"address{number}") for number in range(readers)]
    outputs = rom(m, [word % (1 << width) for word in range(words)], width, addresses, "table")
    results = [Signal(width, name=f"result{number}") for number in range(readers)]
    m.d.comb += [result.eq(value) for result, value in zip(results, outputs, strict=True)]
    text = rtlil.convert(m, name="top", ports=[*addresses, *results])
    found = re.findall(r"^module \\(\S+)\n(.*?)^end\n", text, re.MULTILINE | re.DOTALL)
    return outputs, {name: len(re.findall(r"^  memory ", body, re.M)) for name, body in found}


def test_one_word_is_a_constant():
    outputs, modules = made(1, 8, readers=2)
    assert [type(value) for value in outputs] == [Const, Const] and sum(modules.values()) == 0


def test_few_words_of_logic_stay_with_their_reader():
    _, modules = made(TOGETHER, 8, readers=2)
    assert not any(name.endswith(LOGIC) for name in modules) and sum(modules.values()) == 1


def test_more_words_of_logic_are_a_module_for_every_reader():
    _, modules = made(TOGETHER + 1, 8, readers=2)
    apart = {name: count for name, count in modules.items() if name.endswith(LOGIC)}
    assert sorted(apart) == [f"top.table1{LOGIC}", f"top.table{LOGIC}"]
    assert sum(modules.values()) == 2


def test_block_ram_is_shared_by_its_readers():
    _, modules = made(SMALL_BITS // 8 + 1, 8, readers=2)
    assert not any(name.endswith(LOGIC) for name in modules) and sum(modules.values()) == 1


@pytest.mark.parametrize(("channels", "lanes"), [(8, 8), (8, 2), (40, 2)])
def test_equal_entries_are_wired(channels, lanes):
    m = Module()
    table = np.full(channels, 5, np.int64)
    entries = channel_constants(m, table, lanes, Shape(4), Signal(8), "entries")
    assert [type(entry) for entry in entries] == [Const] * lanes
