"""The small PNG reader against Pillow and against an encoder of every filter."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sangi.runtime.errors import DataError
from sangi.runtime.images.png import SIGNATURE, Foreign, decode_png


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(pixels, filters, *, bits=8, interlace=0, extra=b"", data=None):
    """Encode (H, W, C) pixels, line k with filter ``filters[k]``, straight from the standard."""
    height, width, channels = pixels.shape
    lines = b""
    flat = pixels.reshape(height, -1).astype(int)
    for y in range(height):
        line = bytearray()
        for x in range(flat.shape[1]):
            a = flat[y, x - channels] if x >= channels else 0
            b = flat[y - 1, x] if y else 0
            c = flat[y - 1, x - channels] if y and x >= channels else 0
            paeth = min((a, b, c), key=lambda v: abs(a + b - c - v))
            line.append((flat[y, x] - (0, a, b, (a + b) // 2, paeth)[filters[y]]) % 256)
        lines += bytes([filters[y]]) + bytes(line)
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlace)
    packed = zlib.compress(lines) if data is None else data
    half = len(packed) // 2
    body = chunk(b"IDAT", packed[:half]) + chunk(b"IDAT", packed[half:])
    return SIGNATURE + chunk(b"IHDR", header) + extra + body + chunk(b"IEND", b"")


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 9), st.integers(1, 9), st.integers(1, 4), st.integers(0, 2**32), st.booleans()
)
def test_every_filter_is_undone(height, width, channels, seed, smooth):
    draw = np.random.default_rng(seed)
    pixels = draw.integers(0, 256, (height, width, channels), dtype=np.uint8)
    if smooth:
        pixels //= 64
    data = png(pixels, draw.integers(0, 5, height).tolist())
    np.testing.assert_array_equal(decode_png(data), pixels)
    by_pillow = np.asarray(Image.open(io.BytesIO(data))).reshape(pixels.shape)
    np.testing.assert_array_equal(by_pillow, pixels)


@pytest.mark.parametrize("mode, channels", [("L", 1), ("LA", 2), ("RGB", 3), ("RGBA", 4)])
def test_what_pillow_writes(mode, channels):
    ramp = np.add.outer(np.arange(40), np.arange(50))[..., None] * np.arange(1, channels + 1)
    pixels = (ramp % 256).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels.squeeze(), mode).save(file, "png")
    np.testing.assert_array_equal(decode_png(file.getvalue()), pixels)


@pytest.mark.parametrize("transparent", [False, True])
def test_a_palette_is_looked_up(transparent):
    pixels = np.random.default_rng(1).integers(0, 256, (8, 9, 3), dtype=np.uint8)
    picture = Image.fromarray(pixels).convert("P", palette=Image.Palette.ADAPTIVE, colors=200)
    file = io.BytesIO()
    picture.save(file, "png", bits=8, **({"transparency": bytes([0, 9])} if transparent else {}))
    want = np.asarray(picture.convert("RGB"))
    got = decode_png(file.getvalue())
    assert got.shape[2] == (4 if transparent else 3)
    np.testing.assert_array_equal(got[..., :3], want)


PIXELS = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)


@pytest.mark.parametrize(
    "data, kind, message",
    [
        (b"GIF89a", DataError, "must begin like a PNG"),
        (png(PIXELS, [0, 0])[:-20], DataError, "must end with IEND|right check sums"),
        (png(PIXELS, [0, 0]).replace(b"IDAT", b"IDAX"), DataError, "right check sums"),
        (png(PIXELS, [0, 0], data=b"nonsense"), DataError, "must hold zlib data"),
        (png(PIXELS, [0, 0], data=zlib.compress(bytes(5))), DataError, "must hold 26 bytes"),
        (png(PIXELS, [0, 0], data=zlib.compress(bytes([9]) * 26)), DataError, "filters must be"),
        (png(PIXELS, [0, 0], bits=16), Foreign, "must have 8 bits a sample"),
        (png(PIXELS, [0, 0], interlace=1), Foreign, "interlaced"),
        (png(PIXELS, [0, 0], extra=chunk(b"tRNS", bytes(6))), Foreign, "no transparent colour"),
    ],
)
def test_what_cannot_be_read_is_said(data, kind, message):
    with pytest.raises(kind, match=message) as caught:
        decode_png(data)
    assert type(caught.value) is kind


def test_a_small_file_cannot_claim_the_memory():
    header = struct.pack(">IIBBBBB", 1 << 20, 1 << 20, 8, 2, 0, 0, 0)
    with pytest.raises(DataError, match="must have at most"):
        decode_png(SIGNATURE + chunk(b"IHDR", header) + chunk(b"IEND", b""))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 1 << 20), st.integers(1, 255))
def test_damage_is_found(place, change):
    data = bytearray(png(PIXELS, [1, 4]))
    data[place % len(data)] ^= change
    with pytest.raises(DataError):
        decode_png(bytes(data))
