"""Pictures as NumPy arrays: looked at by a network, labelled, and written as PNG."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
"""(H, W, 3), red, green and blue."""

LUMA = np.array([0.299, 0.587, 0.114])
"""ITU-R BT.601."""

# Five columns of seven dots a glyph, the highest dot in the lowest bit.
_GLYPHS = {
    " ": "0000000000", "%": "2313086462", "-": "0808080808", ".": "0060600000",
    "/": "2010080402", ":": "0036360000", "0": "3e5149453e", "1": "00427f4000",
    "2": "4261514946", "3": "2141454b31", "4": "1814127f10", "5": "2745454539",
    "6": "3c4a494930", "7": "0171090503", "8": "3649494936", "9": "064949291e",
    "A": "7e1111117e", "B": "7f49494936", "C": "3e41414122", "D": "7f4141413e",
    "E": "7f49494941", "F": "7f09090901", "G": "3e4149497a", "H": "7f0808087f",
    "I": "00417f4100", "J": "2040413f01", "K": "7f08142241", "L": "7f40404040",
    "M": "7f020c027f", "N": "7f0408107f", "O": "3e4141413e", "P": "7f09090906",
    "Q": "3e4151215e", "R": "7f09192946", "S": "4649494931", "T": "01017f0101",
    "U": "3f4040403f", "V": "1f2040201f", "W": "3f4038403f", "X": "6314081463",
    "Y": "0708700807", "Z": "6151494543",
}  # fmt: skip


def centre(picture: Picture) -> tuple[int, int, int]:
    """Return top, left and side of the largest square in the middle."""
    height, width = picture.shape[:2]
    side = min(height, width)
    return (height - side) // 2, (width - side) // 2, side


def view(picture: Picture, shape: tuple[int, int, int], white: int) -> Picture:
    """Return what a network sees: the square in the middle, averaged down to its input.

    Parameters
    ----------
    picture : (H, W, 3) uint8
    shape : (height, width, channels)
        The network's input; with one channel it sees the luma.
    white : int
        The value that 255 becomes.
    """
    top, left, side = centre(picture)
    square = picture[top : top + side, left : left + side].astype(np.float64)
    if shape[2] == 1:
        square = (square @ LUMA)[..., np.newaxis]
    for axis in (0, 1):
        square = _averaged(square, axis, shape[axis])
    return np.rint(square * white / 255).astype(np.uint8)


def _averaged(values: npt.NDArray[np.float64], axis: int, size: int) -> npt.NDArray[np.float64]:
    """Average along an axis over ``size`` parts of equal length, which need not be whole pixels."""
    length = values.shape[axis]
    edges = np.arange(size + 1) * (length / size)
    whole = np.minimum(edges.astype(int), length - 1)
    rest = edges - whole
    moved = np.moveaxis(values, axis, 0)
    sums = np.concatenate([np.zeros_like(moved[:1]), moved.cumsum(axis=0)])
    up_to = sums[whole] + moved[whole] * rest.reshape(-1, *[1] * (moved.ndim - 1))
    return np.moveaxis(np.diff(up_to, axis=0) * (size / length), 0, axis)


def labelled(picture: Picture, text: str) -> Picture:
    """Return a copy with a frame around what the network sees, and a line of text in it."""
    done = picture.copy()
    top, left, side = centre(picture)
    colour = np.array([255, 200, 0], np.uint8)
    bottom, right = top + side - 1, left + side - 1
    done[[top, bottom], left : right + 1] = colour
    done[top : bottom + 1, [left, right]] = colour
    dots = np.kron(_dots(text), np.ones((2, 2), bool))
    dots = dots[: side - 4, : side - 4]
    line = done[top + 2 : top + 2 + dots.shape[0], left + 2 : left + 2 + dots.shape[1]]
    line //= 4
    line[dots] = colour
    return done


def _dots(text: str) -> npt.NDArray[np.bool_]:
    """Return a line of text, nine rows high; what the font has not becomes a space."""
    columns = [0]
    for character in text.upper():
        columns += [*bytes.fromhex(_GLYPHS.get(character, _GLYPHS[" "])), 0]
    rows = [[column >> row & 1 for column in columns] for row in range(7)]
    return np.pad(np.array(rows, bool), ((1, 1), (0, 0)))


def write_png(picture: Picture, path: Path) -> None:
    """Write 8 bits a channel, without filters."""
    height, width, _ = picture.shape
    rows = np.insert(picture.reshape(height, -1), 0, 0, axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes())), (b"IEND", b"")
    with path.open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        for kind, data in chunks:
            body = kind + data
            file.write(struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body)))
