"""Memories that are only read, each in a module of its own."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Module, Value, unsigned
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Out

from ..runtime.numerics import clog2
from .memory import RomStyle, rom_attributes

LOGIC = "_logic"
"""How the names of the modules of memories end that are made of look-up tables.

They are to be synthesized apart from what surrounds them: mapped together with an engine, off its
critical path, such a table takes three times as many (Yosys 0.70, 448 words of a skipping engine,
xc7: 1,900 instead of 600; ecp5: 3,400 instead of 2,350).
"""


class Stored(Component):
    """``data`` is ``words[address]`` of ``bits`` bits, one cycle later.

    Parameters
    ----------
    words : sequence of int
    bits : int
    style : str
    name : str
        Of the memory in the module.
    """

    def __init__(self, words: Sequence[int], bits: int, style: RomStyle, name: str) -> None:
        # A second place keeps a single word a memory, whose content can be found and changed.
        self.depth = max(2, len(words))
        super().__init__({"address": In(clog2(self.depth)), "data": Out(bits)})
        self.words = words
        self.style = style
        self.name = name

    def elaborate(self, platform: object) -> Module:
        """Build the memory."""
        m = Module()
        m.submodules[self.name] = memory = Memory(
            shape=unsigned(len(self.data)),
            depth=self.depth,
            init=self.words,
            attrs=rom_attributes(self.style),
        )
        read = memory.read_port()
        m.d.comb += [read.addr.eq(self.address), self.data.eq(read.data)]
        return m


def stored(
    m: Module, words: Sequence[int], bits: int, style: RomStyle, address: Value, name: str
) -> Value:
    """Return ``words[address]`` of ``bits`` bits, one cycle later, from a new submodule."""
    memory = Stored(words, bits, style, name)
    m.submodules[f"{name}{LOGIC}" if style == "distributed" else name] = memory
    m.d.comb += memory.address.eq(address)
    return memory.data
