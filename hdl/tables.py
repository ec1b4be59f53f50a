"""Read-only tables: words of constants, one per channel word or per address."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from amaranth.hdl import Const, Module, Shape, Value, unsigned
from amaranth.lib.memory import Memory

from .arithmetic import TOGETHER, fetch_cycles, table_style
from .beat import Beat
from .memory import rom_attributes
from .pipeline import register
from .stored import stored

Table = npt.NDArray[np.int64]


def pack(values: Sequence[int], bits: int) -> int:
    """Return the word that holds ``values`` of ``bits`` bits each, the first one lowest."""
    mask = (1 << bits) - 1
    return sum((int(value) & mask) << (index * bits) for index, value in enumerate(values))


def check_entries(table: Table, entries: int, name: str) -> None:
    """Raise ValueError unless ``table`` has ``entries`` rows."""
    if len(table) != entries:
        raise ValueError(f"{name} must have {entries} entries, not {len(table)}")


def check_channels(table: Table, entries: int, shape: Shape, name: str) -> None:
    """Raise ValueError unless there are ``entries`` values, or one for all, within ``shape``."""
    if len(table) != 1:
        check_entries(table, entries, name)
    check_range(table, shape, name)


def check_range(values: Table, shape: Shape, name: str) -> None:
    """Raise ValueError if a value does not fit ``shape``."""
    low = -(1 << (shape.width - 1)) if shape.signed else 0
    high = low + (1 << shape.width) - 1
    if values.size and not (low <= int(values.min()) and int(values.max()) <= high):
        raise ValueError(
            f"{name} must be within {low}…{high}, not {int(values.min())}…{int(values.max())}"
        )


def shape_of(beat: Beat) -> Shape:
    """Return the shape of one lane of a beat."""
    return Shape(beat.bits, beat.signed)


def rom(
    m: Module, words: Sequence[int], width: int, addresses: Sequence[Value], name: str
) -> list[Value]:
    """Return ``words[address]`` of ``width`` bits for every address, one cycle later.

    One memory with a read port per address (block RAM has two), or a module of look-up tables for
    each where many words are read from them; a single word is a constant.
    """
    if len(words) == 1:
        return [Const(words[0], width) for _ in addresses]
    style = table_style(len(words), width)
    if style == "distributed" and len(words) > TOGETHER:
        return [
            stored(m, words, width, style, address, f"{name}{number or ''}")
            for number, address in enumerate(addresses)
        ]
    memory = Memory(
        shape=unsigned(width), depth=len(words), init=words, attrs=rom_attributes(style)
    )
    m.submodules[name] = memory
    ports = [memory.read_port() for _ in addresses]
    m.d.comb += [port.addr.eq(address) for port, address in zip(ports, addresses, strict=True)]
    return [port.data for port in ports]


def channel_constants(
    m: Module, table: Table, lanes: int, shape: Shape, word: Value, name: str
) -> list[Value]:
    """Return each lane's entry of a per-channel table.

    Parameters
    ----------
    m : Module
    table : int64 (channels or 1,)
        Entry c belongs to channel c; a single entry to all.
    lanes : int
        Channels of a word.
    shape : Shape
        Width and signedness of an entry, which every entry fits.
    word : Value
        Number of the channel word.
    name : str
        Of the memory.

    Returns
    -------
    One value per lane: constants (where a lane always has the same), or the outputs of a memory,
    valid ``fetch_cycles`` after ``word``.
    """
    if np.all(table == table[0]):
        return [Const(int(table[0]), shape)] * lanes
    rows = table.reshape(-1, lanes)
    if len(rows) == 1:
        return [Const(int(value), shape) for value in rows[0]]
    words = [pack(row.tolist(), shape.width) for row in rows]
    (data,) = rom(m, words, shape.width * lanes, [word], name)
    if fetch_cycles(len(table), len(words)) == 2:
        data = register(m, data, f"{name}_word")
    entries = [data[lane * shape.width : (lane + 1) * shape.width] for lane in range(lanes)]
    return [entry.as_signed() for entry in entries] if shape.signed else entries
