"""Packets: what is sent is found again, whatever stands around it."""

import zlib

import pytest
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC
from hypothesis import given
from hypothesis import strategies as st

from sangi.runtime.protocol import (
    FLUSH,
    INFO_BYTES,
    MAX_PAYLOAD,
    OVERHEAD,
    SYNC,
    Decoder,
    Info,
    Kind,
    Packet,
    Position,
    cut,
    element_bytes,
    encode,
    link_bytes,
)

positions = st.builds(Position, st.integers(0, 2**32 - 1), st.integers(0, 2**24 - 1))
packets = st.builds(
    Packet,
    st.sampled_from(Kind),
    st.integers(0, 2**16 - 1),
    positions,
    st.binary(max_size=MAX_PAYLOAD),
)
# Sync bytes are frequent in this garbage, and nothing in it is long enough to be a packet.
garbage = st.lists(st.sampled_from([SYNC, 0, 1, 4, 64]), max_size=OVERHEAD - 1).map(bytes)


@given(packets)
def test_a_packet_is_laid_out_as_documented(packet):
    data = encode(packet)
    assert len(data) == OVERHEAD + len(packet.payload)
    assert data[:3] == bytes([SYNC, packet.kind, len(packet.payload)])
    assert int.from_bytes(data[3:5], "little") == packet.session
    assert int.from_bytes(data[5:9], "little") == packet.position.image
    assert int.from_bytes(data[9:12], "little") == packet.position.offset
    assert data[12:-4] == packet.payload
    assert int.from_bytes(data[-4:], "little") == zlib.crc32(data[1:-4])


@given(st.lists(packets, max_size=6), st.data())
def test_the_pieces_do_not_matter(sent, draw):
    data = b"".join(encode(packet) for packet in sent)
    decoder = Decoder()
    received = []
    while data:
        size = draw.draw(st.integers(1, len(data)))
        received += decoder.feed(data[:size])
        data = data[size:]
    assert received == sent


@given(st.lists(st.tuples(garbage, packets), min_size=1, max_size=4))
def test_packets_are_found_in_garbage(parts):
    decoder = Decoder()
    received = []
    for noise, packet in parts:
        received += decoder.feed(noise + encode(packet))
    # A false sync may still wait for bytes: zeros complete it.
    received += decoder.feed(FLUSH)
    assert received == [packet for _, packet in parts]


@given(packets)
def test_giving_up_a_false_packet_finds_the_true_one(packet):
    decoder = Decoder()
    false = bytes([SYNC, Kind.DATA, MAX_PAYLOAD])
    received = decoder.feed(false + encode(packet))
    while not received:
        received = decoder.resume()
    assert received == [packet]


@given(packets, st.data())
def test_no_damaged_packet_is_accepted(packet, draw):
    data = bytearray(encode(packet))
    first = draw.draw(st.integers(0, len(data) * 8 - 1))
    length = draw.draw(st.integers(1, 31))  # CRC-32 finds every burst of up to 32 bits
    for bit in {first, min(first + length, len(data) * 8 - 1)}:
        data[bit // 8] ^= 1 << bit % 8
    assert Decoder().feed(bytes(data) + FLUSH) == []


def test_the_circuit_has_the_same_crc():
    data = b"123456789"
    assert CRC32_ISO_HDLC(8).compute(data) == zlib.crc32(data) == 0xCBF43926


def test_info_survives():
    info = Info(bytes(range(8)), 1, 16, 3072, 40, 8, 5, 6, 1 << 40, 1 << 35)
    assert len(info.pack()) == INFO_BYTES <= MAX_PAYLOAD
    assert Info.unpack(info.pack()) == info
    with pytest.raises(ValueError, match=f"INFO must have {INFO_BYTES} bytes, not 3"):
        Info.unpack(b"abc")


@pytest.mark.parametrize("size", [1, 63, 64, 65, 128, 200])
def test_frames_are_cut_at_multiples_of_64(size):
    frame = bytes(k % 251 for k in range(size))
    parts = list(cut(Kind.DATA, 3, 9, frame))
    assert b"".join(part.payload for part in parts) == frame
    assert sum(len(encode(part)) for part in parts) == link_bytes(size)
    position = Position(9, 0)
    for part in parts:
        assert part.position == position
        position = position.after(size)
    assert position == Position(10, 0)


def test_elements_take_whole_bytes():
    assert [element_bytes(bits) for bits in (1, 8, 9, 16, 17, 24)] == [1, 1, 2, 2, 3, 3]


@pytest.mark.parametrize(
    ("packet", "message"),
    [
        (Packet(Kind.DATA, 1, Position(), bytes(65)), "payload must have at most 64 bytes, not 65"),
        (Packet(Kind.DATA, 1 << 16), "session must have 16 bits, not be 65536"),
        (Packet(Kind.DATA, 1, Position(1 << 32)), "image number must have 32 bits"),
        (Packet(Kind.DATA, 1, Position(0, 1 << 24)), "offset must have 24 bits"),
    ],
)
def test_fields_are_checked(packet, message):
    with pytest.raises(ValueError, match=message):
        encode(packet)
