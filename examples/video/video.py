"""Frames of a video through a circuit: python video.py [SOURCE] --build BUILD --device URL."""

from __future__ import annotations

import argparse
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
from picture import Picture, labelled, view, write_png
from source import open_frames

from sangi.runtime.devices.accelerator import Accelerator
from sangi.runtime.errors import DataError, SangiError, UsageError

DIGITS = Path(__file__).resolve().parents[1] / "digits" / "images.npz"

WINDOW = 1.0
"""Seconds over which the frame rate is taken."""


class Rate:
    """Frames per second, lately."""

    def __init__(self) -> None:
        self._times = deque([time.perf_counter()])

    def count(self) -> float:
        """Count a frame and return the rate."""
        now = time.perf_counter()
        self._times.append(now)
        while len(self._times) > 2 and now - self._times[0] > WINDOW:
            self._times.popleft()
        return (len(self._times) - 1) / max(now - self._times[0], 1e-9)


def recognized(
    accelerator: Accelerator, frames: Iterable[Picture], white: int, ahead: int | None
) -> Iterator[tuple[Picture, npt.NDArray[np.float32]]]:
    """Yield every frame with the scores of its classes, while further frames are under way."""
    shape = accelerator.program.types[accelerator.program.inputs[0].tensor].shape
    if len(shape) != 3 or shape[2] not in (1, 3):
        raise DataError(f"the network must take grey or colour pictures, not {shape}")
    under_way: deque[Picture] = deque()

    def seen() -> Iterator[npt.NDArray[np.uint8]]:
        for frame in frames:
            under_way.append(frame)
            yield view(frame, (shape[0], shape[1], shape[2]), white)

    for outputs in accelerator.map(seen(), ahead=ahead):
        yield under_way.popleft(), next(iter(outputs.values())).reshape(-1)


def class_name(scores: npt.NDArray[np.float32], names: list[str]) -> str:
    """Return the name of the best class, its number where it has none."""
    best = int(scores.argmax()) if scores.size > 1 else int(scores[0])
    return names[best] if best < len(names) else f"class {best}"


def show(options: argparse.Namespace) -> None:
    """Run the video; print the live rate, write the labelled frames."""
    names = options.names.read_text(encoding="utf-8").splitlines() if options.names else []
    frames = islice(open_frames(options.source, DIGITS), options.frames)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
    with Accelerator.open(options.device, options.build) as accelerator:
        rate, number = Rate(), 0
        began = time.perf_counter()
        for frame, scores in recognized(accelerator, frames, options.white, options.ahead):
            now = rate.count()
            text = class_name(scores, names)
            if options.out:
                picture = labelled(frame, f"{text}  {now:.0f}/s")
                write_png(picture, options.out / f"{number:06}.png")
            number += 1
            print(f"\r{number} frames, {now:6.1f}/s  {text:<30}", end="", flush=True)
        seconds = time.perf_counter() - began
        counters = accelerator.counters()
    print(f"\n{number} frames in {seconds:.2f} s: {number / max(seconds, 1e-9):.1f} per second")
    if counters.cycles and number:
        print(f"the circuit: {counters.cycles:,} cycles, {counters.cycles // number:,} a frame")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("source", nargs="?", help="a video file, or a camera's number; without it: moving digits")
    add("--build", type=Path, required=True, help="what sangi compile wrote, or its driver/")
    add("--device", default="sim:", help="numpy:, sim:, uart:…, pynq:, tcp:… (%(default)s)")
    add("--frames", type=int, metavar="N", help="end after N frames")
    add("--white", type=int, default=255, help="what white is for the network (%(default)s)")
    add("--ahead", type=int, metavar="N", help="frames under way at most (a camera: 1)")
    add("--names", type=Path, metavar="FILE.txt", help="the names of the classes, one a line")
    add("--out", type=Path, metavar="DIR", help="for the labelled frames, as PNG")
    options = parser.parse_args()
    try:
        if options.source is None and options.frames is None:
            raise UsageError("the generated video has no end; give --frames N")
        if options.ahead is None and (options.source or "").isdigit():
            options.ahead = 1
        show(options)
    except (SangiError, OSError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
