"""PNG with 8 bits a sample, by zlib and NumPy (W3C, Portable Network Graphics, third edition)."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import numpy.typing as npt

from ..errors import DataError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_PIXELS = 1 << 27
"""Larger images are refused: a small file may claim any size."""

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PALETTE = 3

Pixels = npt.NDArray[np.uint8]


class Foreign(DataError):
    """A valid PNG file of a kind that this reader leaves to others."""


def decode_png(data: bytes) -> Pixels:
    """Decode a PNG file.

    Parameters
    ----------
    data : bytes
        The whole file.

    Returns
    -------
    uint8 array (H, W, C)
        1, 2 (with alpha), 3 or 4 (with alpha) channels; a palette gives 3, or 4 where it holds
        transparent colours.

    Raises
    ------
    Foreign
        If samples do not have 8 bits, lines are interlaced, or a single colour is transparent.
    DataError
        If the file is damaged or too large.
    """
    if not data.startswith(SIGNATURE):
        raise DataError("the file must begin like a PNG, and does not")
    chunks = _chunks(data)
    if b"IHDR" not in chunks or len(chunks[b"IHDR"]) != 13:
        raise DataError("PNG must begin with a header of 13 bytes")
    width, height, bits, colour, method, filters, interlace = struct.unpack(
        ">IIBBBBB", chunks[b"IHDR"]
    )
    if colour not in _CHANNELS or method or filters or interlace > 1 or not width * height:
        raise DataError("PNG must have a valid header, and has not")
    if bits != 8 or interlace or (b"tRNS" in chunks and colour != _PALETTE):
        raise Foreign(
            f"PNG must have 8 bits a sample, no interlacing and no transparent colour, not {bits} "
            f"bits{', interlaced' if interlace else ''}"
        )
    if width * height > MAX_PIXELS:
        raise DataError(f"PNG must have at most {MAX_PIXELS} pixels, not {width}×{height}")
    channels = _CHANNELS[colour]
    size = height * (1 + width * channels)
    try:
        raw = zlib.decompressobj().decompress(chunks.get(b"IDAT", b""), size)
    except zlib.error as error:
        raise DataError(f"PNG must hold zlib data, and is damaged: {error}") from error
    if len(raw) != size:
        raise DataError(f"PNG must hold {size} bytes of lines, not {len(raw)}")
    lines = np.frombuffer(raw, np.uint8).reshape(height, 1 + width * channels)
    pixels = _unfilter(lines, channels).reshape(height, width, channels)
    return _look_up(pixels, chunks) if colour == _PALETTE else pixels


def _chunks(data: bytes) -> dict[bytes, bytes]:
    """Return the contents of a file's chunks by type, those of one type joined."""
    chunks: dict[bytes, bytearray] = {}
    place = len(SIGNATURE)
    while b"IEND" not in chunks:
        if place + 12 > len(data):
            raise DataError("PNG must end with IEND, and ends earlier")
        length, kind = struct.unpack_from(">I4s", data, place)
        body = data[place + 8 : place + 8 + length]
        check = data[place + 8 + length : place + 12 + length]
        if len(check) != 4 or zlib.crc32(kind + body) != int.from_bytes(check, "big"):
            raise DataError(
                f"PNG must hold chunks with right check sums, and one of {kind!r} has not"
            )
        chunks.setdefault(kind, bytearray()).extend(body)
        place += 12 + length
    return {kind: bytes(body) for kind, body in chunks.items()}


def _unfilter(lines: Pixels, channels: int) -> Pixels:
    """Undo the filters: each line begins with its filter's number."""
    width = lines.shape[1] - 1
    above = np.zeros(width, np.uint8)
    result = np.empty((len(lines), width), np.uint8)
    for number, line in enumerate(lines):
        kind, values = int(line[0]), line[1:]
        if kind == 0:
            above = values
        elif kind == 1:
            sums = np.cumsum(values.reshape(-1, channels), axis=0, dtype=np.uint8)
            above = sums.reshape(-1)
        elif kind == 2:
            above = values + above
        elif kind in (3, 4):
            above = _predict(values.tolist(), above.tolist(), channels, kind == 4)
        else:
            raise DataError(f"PNG's filters must be 0…4, not {kind}")
        result[number] = above
    return result


def _predict(values: list[int], above: list[int], channels: int, paeth: bool) -> Pixels:
    """Undo the filters whose every byte depends on the byte before it."""
    line = [0] * len(values)
    for place, value in enumerate(values):
        left = line[place - channels] if place >= channels else 0
        if paeth:
            corner = above[place - channels] if place >= channels else 0
            guess = _paeth(left, above[place], corner)
        else:
            guess = (left + above[place]) // 2
        line[place] = (value + guess) & 0xFF
    return np.array(line, np.uint8)


def _paeth(left: int, above: int, corner: int) -> int:
    """Return which of three neighbours is nearest to ``left + above - corner``."""
    guess = left + above - corner
    by_left, by_above, by_corner = abs(guess - left), abs(guess - above), abs(guess - corner)
    if by_left <= by_above and by_left <= by_corner:
        return left
    return above if by_above <= by_corner else corner


def _look_up(pixels: Pixels, chunks: dict[bytes, bytes]) -> Pixels:
    """Replace numbers of colours by colours."""
    palette = chunks.get(b"PLTE", b"")
    if len(palette) % 3 or len(palette) <= 3 * int(pixels.max()):
        raise DataError("PNG's palette must hold every colour that is used, and does not")
    colours = np.frombuffer(palette, np.uint8).reshape(-1, 3)
    alpha = np.frombuffer(chunks.get(b"tRNS", b"")[: len(colours)], np.uint8)
    if len(alpha):
        whole = np.full((len(colours), 1), 255, np.uint8)
        whole[: len(alpha), 0] = alpha
        colours = np.concatenate([colours, whole], axis=1)
    return colours[pixels[..., 0]]
