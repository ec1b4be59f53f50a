"""The register table is one that a circuit and a driver can share."""

import pytest

from sangi.runtime.registers import (
    ADDRESS_BITS,
    CONTROL,
    REGISTERS,
    STREAM,
    Access,
    Field,
    Trailer,
    register,
    registers_markdown,
)


def test_registers_lie_apart_and_within_the_addresses():
    taken = [entry.offset + 4 * half for entry in REGISTERS for half in range(entry.words)]
    assert taken == sorted(set(taken))
    assert all(offset % 4 == 0 and 0 <= offset < 1 << ADDRESS_BITS for offset in taken)
    assert len({entry.name for entry in REGISTERS}) == len(REGISTERS)


def test_fields_lie_apart():
    for entry in REGISTERS:
        used = 0
        for field in entry.fields:
            assert field.mask & used == 0 and field.mask < 1 << 32
            used |= field.mask


def test_only_what_a_driver_commands_can_be_written():
    writable = {entry.name for entry in REGISTERS if entry.access is not Access.READ}
    assert writable == {"CONTROL", "EVENTS", "INTERRUPT"}


def test_a_field_of_a_value():
    assert STREAM.field("output").of(0x0804) == 8
    assert Field("middle", 4, 3, "").mask == 0x70
    assert register("CONTROL") is CONTROL
    with pytest.raises(KeyError):
        register("NOTHING")
    with pytest.raises(KeyError):
        CONTROL.field("nothing")


@pytest.mark.parametrize("trailer", [Trailer(0), Trailer(0xABCDEF, 3), Trailer((1 << 24) - 1, 4)])
def test_a_trailer_survives_its_bytes(trailer):
    assert Trailer.unpack(trailer.pack() + b"\0\0\0\0") == trailer


def test_a_trailer_has_its_bytes():
    assert Trailer(0x030201, 4).pack() == b"\4\1\2\3"
    with pytest.raises(ValueError, match="a trailer must have 4 bytes, not 3"):
        Trailer.unpack(b"\0\0\0")


def test_the_documentation_has_every_register_and_field():
    text = registers_markdown()
    for entry in REGISTERS:
        assert f"| 0x{entry.offset:02X} | {entry.name} | {32 * entry.words - 1}:0 |" in text
        for field in entry.fields:
            assert f"| {entry.name}.{field.name} |" in text
    assert len(text.splitlines()) == 2 + sum(1 + len(entry.fields) for entry in REGISTERS)
