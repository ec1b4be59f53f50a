"""Where frames come from: a generated video, a file, or a camera."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from picture import Picture

from sangi.runtime.errors import DataError, ToolError, UsageError

HEIGHT, WIDTH = 240, 320
REST = 12
"""Frames in which a generated digit stands in the middle."""
STEP = 40
"""Pixels that it moves from frame to frame before and after."""


def open_frames(source: str | None, digits: Path) -> Iterator[Picture]:
    """Return the frames (H, W, 3) uint8 of a source.

    Parameters
    ----------
    source : str or None
        A video file, or a number: a camera of OpenCV; None: the generated video.
    digits : Path
        Where the generated video has its digits from.

    Raises
    ------
    UsageError
        If the file does not exist.
    ToolError
        If neither OpenCV nor imageio is installed.
    DataError
        If it cannot be read.
    """
    if source is None:
        with np.load(digits) as file:
            return generated(file["x"])
    if source.isdigit():
        return _by_opencv(_module("cv2", "opencv-python"), int(source))
    if not Path(source).is_file():
        raise UsageError(f"{source}: no such file")
    try:
        cv2 = import_module("cv2")
    except ImportError:
        return _by_imageio(_module("imageio.v3", "imageio[ffmpeg]"), source)
    return _by_opencv(cv2, source)


def generated(digits: npt.NDArray[np.uint8]) -> Iterator[Picture]:
    """Let digits pass from right to left, for ever; each stays in the middle for ``REST`` frames.

    Parameters
    ----------
    digits : (N, S, S) uint8
        0 … 16, as in ``examples/digits``.
    """
    number = 0
    while True:
        digit = digits[number % len(digits)]
        factor = HEIGHT // len(digit)
        large = np.kron(digit, np.ones((factor, factor))) * (255 / 16)
        start = (WIDTH - large.shape[1]) // 2
        way = [*range(WIDTH, start, -STEP), *[start] * REST]
        way += range(start - STEP, -large.shape[1], -STEP)
        for left in way:
            yield _placed(np.rint(large).astype(np.uint8), left)
        number += 1


def _placed(grey: npt.NDArray[np.uint8], left: int) -> Picture:
    """Return a black picture with a grey one in it, parts of which may lie outside."""
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    top = (HEIGHT - grey.shape[0]) // 2
    first, last = max(left, 0), min(left + grey.shape[1], WIDTH)
    seen = grey[:, first - left : last - left, np.newaxis]
    picture[top : top + grey.shape[0], first:last] = seen
    return picture


def _by_opencv(cv2: Any, source: str | int) -> Iterator[Picture]:
    capture = cv2.VideoCapture(source)
    if not capture.isOpened():
        raise DataError(f"{source}: must be a video or camera that OpenCV opens, and is not")
    return _captured(cv2, capture)


def _captured(cv2: Any, capture: Any) -> Iterator[Picture]:
    try:
        while True:
            there, frame = capture.read()
            if not there:
                return
            yield cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
    finally:
        capture.release()


def _by_imageio(imageio: Any, source: str) -> Iterator[Picture]:
    frames = iter(imageio.imiter(source))
    try:
        for frame in frames:
            colours = np.asarray(frame)
            if colours.ndim == 2:
                colours = np.repeat(colours[..., np.newaxis], 3, axis=2)
            yield colours[..., :3]
    except (OSError, ValueError) as error:
        raise DataError(f"{source}: must be a video that imageio reads: {error}") from error


def _module(name: str, package: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise ToolError(f"{name} must be installed: pip install '{package}'") from error
