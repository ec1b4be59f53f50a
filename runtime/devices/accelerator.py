"""The face of every device: images in, the model's outputs back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import DataError, DeviceError
from ..host import finish, prepare
from ..program import Program
from ..store import PROGRAM_FILE, load_program
from .device import Counters, Device, Frame

GROUP = "sangi.devices"
"""Entry points: from a scheme to ``open_device(address, build, program) -> Device``."""

OWN = {"numpy": "numpy", "uart": "uart"}
"""The schemes of this package, found also where it is copied and not installed."""

CHUNK = 256
"""Images prepared at once."""

Images = npt.NDArray[Any]
Outputs = dict[str, npt.NDArray[Any]]


class Accelerator:
    """A program on a device.

    Made by ``Accelerator.open``; a context manager.

    Parameters
    ----------
    program : Program
        What the device computes.
    device : Device
        Closed by ``close``.
    """

    def __init__(self, program: Program, device: Device) -> None:
        self.program = program
        self._device = device

    @classmethod
    def open(cls, url: str, build: str | Path) -> Accelerator:
        """Open a device.

        Parameters
        ----------
        url : str
            ``numpy:``, ``sim:``, ``uart:/dev/ttyUSB0?baud=3000000``, or another scheme that an
            installed package registers in the entry-point group ``sangi.devices``.
        build : path
            The folder that ``compile`` wrote, or its ``driver``: it holds ``program.sangi``.

        Raises
        ------
        DeviceError
            If the scheme is unknown, the device does not open, or its circuit was made for
            another program.
        BuildError
            If the folder holds no program.
        """
        scheme, colon, address = url.partition(":")
        if not colon:
            raise DeviceError(f"device must be SCHEME:ADDRESS, for example numpy:, not {url!r}")
        build = Path(build)
        opener = _opener(scheme)
        program = load_program(build / PROGRAM_FILE)
        return cls(program, opener(address, build, program))

    def infer(self, images: Images) -> Outputs:
        """Run images and return the model's outputs.

        Parameters
        ----------
        images : uint8 or float32 array
            ``(N, H, W, C)``, ``(N, H, W)`` or ``(N, features)``.

        Returns
        -------
        dict of str to array
            One array per model output, with N as its first axis and the values that the original
            model gives.

        Raises
        ------
        DataError
            If the images do not fit the model.
        DeviceError
            If the device fails.
        """
        if len(images) == 0:
            raise DataError("images must be at least one, not none")
        chunks = (images[start : start + CHUNK] for start in range(0, len(images), CHUNK))
        return self._finish(list(self._device.run(self._frames(chunks))))

    def map(self, images: Iterable[Images]) -> Iterator[Outputs]:
        """Run single images as they come; yield the outputs of each, without the axis N.

        Images go ahead of results as far as the device buffers them.
        """
        for result in self._device.run(self._frames(image[np.newaxis] for image in images)):
            outputs = self._finish([result])
            yield {name: values[0] for name, values in outputs.items()}

    def counters(self) -> Counters:
        """Frames, cycles and stalls of the session."""
        return self._device.counters()

    def close(self) -> None:
        """Release the device."""
        self._device.close()

    def __enter__(self) -> Accelerator:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _frames(self, chunks: Iterable[Images]) -> Iterator[Frame]:
        for images in chunks:
            yield from zip(*prepare(self.program, images), strict=True)

    def _finish(self, results: list[Frame]) -> Outputs:
        tensors = {
            output.tensor: np.stack(arrays)
            for output, arrays in zip(self.program.outputs, zip(*results, strict=True), strict=True)
        }
        return finish(self.program, tensors)


def schemes() -> tuple[str, ...]:
    """Return the schemes that can be opened here, sorted."""
    return tuple(sorted({*OWN, *(entry.name for entry in entry_points(group=GROUP))}))


def _opener(scheme: str) -> Callable[[str, Path, Program], Device]:
    """Find the function that opens a scheme's devices."""
    if scheme in OWN:
        own = import_module(f".{OWN[scheme]}", __package__)
        opener: Callable[[str, Path, Program], Device] = own.open_device
        return opener
    for entry in entry_points(group=GROUP, name=scheme):
        found: Callable[[str, Path, Program], Device] = entry.load()
        return found
    known = ", ".join(f"{name}:" for name in schemes())
    raise DeviceError(f"device must begin with one of {known}, not {scheme!r}")
