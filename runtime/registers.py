"""What a driver sees of the AXI shell: its registers and the trailer of a result.

One definition for three readers: ``hdl/shell/axi`` makes the circuit of this table, drivers use its
offsets and fields, and ``registers_markdown`` is its documentation.

The input stream carries frames: ``FRAME_BYTES`` bytes each (elements in order, little endian, in as
few bytes as hold one), TLAST with the last word. What the last word holds beyond the frame is
ignored. A frame that ends too early is completed with zeros, one that does not end is cut; both are
counted and marked. The output stream carries one result per frame, in order: ``RESULT_BYTES``
bytes, zeros up to a whole word, and one more word, whose first four bytes are a ``Trailer``, with
TLAST.

All registers have 32 bits, and the circuit answers every access with OKAY: what is not in the table
reads as 0, and writing it, or a register that is read only, does nothing.

Pure Python: the circuit's description imports this file too.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

IDENT = int.from_bytes(b"sngi", "little")
"""What the register IDENT reads."""

VERSION = 1
"""Of this table, of the frames' layout and of the trailer."""

ADDRESS_BITS = 8
"""Byte addresses of the registers."""

COUNTER_BITS = 48
"""Bits that count of a counter of two registers."""

TRAILER_BYTES = 4


class Access(Enum):
    """What writing a register does."""

    READ = "read only"
    WRITE = "read and write"
    CLEAR = "a 1 clears the bit"


@dataclass(frozen=True)
class Field:
    """Some bits of a register.

    Attributes
    ----------
    name, meaning : str
    low, width : int
        The lowest bit, and how many.
    """

    name: str
    low: int
    width: int
    meaning: str

    @property
    def mask(self) -> int:
        """The field's bits in the register."""
        return ((1 << self.width) - 1) << self.low

    def of(self, value: int) -> int:
        """Return what the field holds in a register's value."""
        return (value & self.mask) >> self.low


@dataclass(frozen=True)
class Register:
    """One register, or a counter of two: the lower half at ``offset``, the upper at ``offset + 4``.

    Attributes
    ----------
    name, meaning : str
    offset : int
        Byte address.
    access : Access
    words : int
        1 or 2.
    fields : tuple of Field
        Empty where the register is one number.
    """

    name: str
    offset: int
    access: Access
    meaning: str
    words: int = 1
    fields: tuple[Field, ...] = ()

    def field(self, name: str) -> Field:
        """Return a field by its name; KeyError if there is none."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)


SHORT_FRAME = 1 << 0
"""Flag of a trailer: the frame ended early, and the rest was taken as zeros: no valid result."""
OVERLONG_FRAME = 1 << 1
"""Flag of a trailer: the frame was longer; the result is that of its first bytes."""
ABORTED = 1 << 2
"""Flag of a trailer: a reset cut this result; its words up to here mean nothing."""


@dataclass(frozen=True)
class Trailer:
    """The last word of a result.

    Attributes
    ----------
    number : int
        Which frame this result belongs to, counted from 0 since the reset, modulo 2²⁴.
    flags : int
        ``SHORT_FRAME``, ``OVERLONG_FRAME``, ``ABORTED``; 0 if all is well.
    """

    number: int
    flags: int = 0

    def pack(self) -> bytes:
        """Return the ``TRAILER_BYTES`` bytes; bytes beyond them in a wider word are 0."""
        return bytes([self.flags]) + self.number.to_bytes(3, "little")

    @classmethod
    def unpack(cls, data: bytes) -> Trailer:
        """Read the trailer at the start of a word.

        Raises
        ------
        ValueError
            If there are fewer than ``TRAILER_BYTES`` bytes.
        """
        if len(data) < TRAILER_BYTES:
            raise ValueError(f"a trailer must have {TRAILER_BYTES} bytes, not {len(data)}")
        return cls(int.from_bytes(data[1:TRAILER_BYTES], "little"), data[0])


def _read(name: str, offset: int, meaning: str, *fields: Field) -> Register:
    return Register(name, offset, Access.READ, meaning, 1, fields)


def _counter(name: str, offset: int, meaning: str) -> Register:
    return Register(name, offset, Access.READ, meaning, 2)


CONTROL = Register(
    "CONTROL",
    0x20,
    Access.WRITE,
    "commands",
    1,
    (
        Field(
            "reset",
            0,
            1,
            "while 1: the core is in reset, words of the input are thrown away, a result under way "
            "ends with the flag aborted; frames and cycles are counted from 0 afterwards",
        ),
        Field(
            "capture",
            1,
            1,
            "writing 1 copies the counters from CYCLES on, so that they belong together; "
            "reads 1 until that is done",
        ),
    ),
)
STATUS = _read(
    "STATUS",
    0x24,
    "what goes on",
    Field("resetting", 0, 1, "the core is in reset, be it that its clock does not run"),
    Field("receiving", 1, 1, "a frame has begun to come in, and not ended"),
    Field("busy", 2, 1, "a frame has begun to come in whose result has not been sent"),
)
EVENTS = Register(
    "EVENTS",
    0x28,
    Access.CLEAR,
    "what has happened",
    1,
    (
        Field("result", 0, 1, "a result has been sent"),
        Field("short", 1, 1, "a frame ended early"),
        Field("overlong", 2, 1, "a frame did not end in time"),
    ),
)
INTERRUPT = Register(
    "INTERRUPT",
    0x2C,
    Access.WRITE,
    "the interrupt is high while a bit is set both here and in EVENTS",
    1,
    EVENTS.fields,
)
STREAM = _read(
    "STREAM",
    0x18,
    "bytes of a word of the streams",
    Field("input", 0, 8, "of the input"),
    Field("output", 8, 8, "of the output"),
)

REGISTERS = (
    _read("IDENT", 0x00, 'the letters "sngi", the first in the lowest byte'),
    _read("VERSION", 0x04, "of these registers, of the streams and of the trailer"),
    _read("DIGEST_LOW", 0x08, "bytes 0 to 3 of the program's digest, the first in the lowest byte"),
    _read("DIGEST_HIGH", 0x0C, "bytes 4 to 7 of the program's digest"),
    _read("FRAME_BYTES", 0x10, "bytes of a frame"),
    _read("RESULT_BYTES", 0x14, "bytes of a result, without what fills its last word, and trailer"),
    STREAM,
    CONTROL,
    STATUS,
    EVENTS,
    INTERRUPT,
    _read("FRAMES", 0x30, "frames that have come in since the reset"),
    _read("RESULTS", 0x34, "results that have been sent since the reset"),
    _read("SHORT", 0x38, "frames since the reset that ended early"),
    _read("OVERLONG", 0x3C, "frames since the reset that did not end in time"),
    _counter("CYCLES", 0x40, "cycles of the core's clock since the reset"),
    _counter("STALLS", 0x48, "cycles in which the core's output waited to be taken"),
    _counter("STARVED", 0x50, "cycles in which the core's input waited for data"),
    _counter("SPAN", 0x58, "cycles from the first input of the first frame to the end of a result"),
    _counter("BUSY", 0x60, "those cycles of SPAN in which a frame was in the core"),
)
"""Every register, by offset."""


def register(name: str) -> Register:
    """Return a register by its name; KeyError if there is none."""
    for entry in REGISTERS:
        if entry.name == name:
            return entry
    raise KeyError(name)


def registers_markdown() -> str:
    """Return the table as Markdown, a row per register and one per field."""
    lines = ["| offset | name | bits | access | meaning |", "|---|---|---|---|---|"]
    for entry in REGISTERS:
        bits = f"{32 * entry.words - 1}:0"
        row = (f"0x{entry.offset:02X}", entry.name, bits, entry.access.value, entry.meaning)
        lines.append(f"| {' | '.join(row)} |")
        for field in entry.fields:
            top = field.low + field.width - 1
            place = f"{top}:{field.low}" if field.width > 1 else f"{field.low}"
            lines.append(f"| | {entry.name}.{field.name} | {place} | | {field.meaning} |")
    return "\n".join(lines) + "\n"
