"""The face of every device: images in, the model's outputs back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from importlib.metadata import entry_points
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import BuildError, DataError, DeviceError, MismatchError, UsageError
from ..golden import GOLDEN_FILE, load_golden
from ..host import finish, prepare
from ..program import Program
from ..store import PROGRAM_FILE, load_program
from .bridge import Bridge
from .device import BatchDevice, Counters, Device, Frame

GROUP = "sangi.devices"
"""Entry points: from a scheme to ``open_device(address, build, program) -> Device``."""

OWN = {"numpy": "numpy", "pynq": "pynq", "tcp": "tcp", "uart": "uart"}
"""The schemes of this package, found also where it is copied and not installed."""

CHUNK = 256
"""Images prepared at once."""

Images = npt.NDArray[Any]
Outputs = dict[str, npt.NDArray[Any]]
Results = Generator[Outputs, None, None]


class Accelerator:
    """A program on a device.

    Made by ``Accelerator.open``; a context manager.

    Parameters
    ----------
    program : Program
        What the device computes.
    device : Device
        Closed by ``close``.
    build : path, optional
        Where the golden vectors of ``self_test`` are.
    """

    def __init__(self, program: Program, device: Device, build: Path | None = None) -> None:
        self.program = program
        self._device = device
        self._build = build

    @classmethod
    def open(cls, url: str, build: str | Path) -> Accelerator:
        """Open a device.

        Parameters
        ----------
        url : str
            ``numpy:``, ``sim:``, ``sim:pins``, ``uart:/dev/ttyUSB0?baud=3000000``, ``pynq:``,
            ``tcp:HOST:PORT?token=TOKEN``, or another scheme that an installed package registers in
            the entry-point group ``sangi.devices``.
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
        program, device = open_program(url, build)
        return cls(program, device, Path(build))

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
        device = self._device
        if isinstance(device, BatchDevice):
            size = device.batch
            chunks = (images[start : start + size] for start in range(0, len(images), size))
            parts = [self._execute(device, chunk) for chunk in chunks]
            return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        chunks = (images[start : start + CHUNK] for start in range(0, len(images), CHUNK))
        return self._finish(list(device.run(self._frames(chunks))))

    def map(self, images: Iterable[Images], *, ahead: int | None = None) -> Results:
        """Run single images as they come; yield the outputs of each, without the axis N.

        Parameters
        ----------
        images : iterable of arrays
            Frames of a video, for example; taken one by one, as they are needed.
        ahead : int, optional
            Images taken at most whose outputs have not been yielded: 1 where every image is
            answered before the next is there (a camera). By default as many as keep the device
            busy: they go ahead of the results as far as it buffers them.

        Raises
        ------
        UsageError
            If ``ahead`` is less than 1.
        DataError, DeviceError
            See ``infer``. What was yielded before is right.
        """
        if ahead is not None and ahead < 1:
            raise UsageError(f"ahead must be at least 1, not {ahead}")
        return self._map(images, ahead)

    async def infer_async(self, images: Images) -> Outputs:
        """Run images like ``infer``, without blocking the event loop."""
        return await asyncio.to_thread(self.infer, images)

    async def map_async(
        self, images: Iterable[Images] | AsyncIterable[Images], *, ahead: int | None = None
    ) -> AsyncIterator[Outputs]:
        """Run images like ``map``, without blocking the event loop.

        Images of an asynchronous iterable are awaited, those of another are fetched in a thread.
        Nothing else may use the accelerator meanwhile.
        """
        bridge = Bridge(images)
        results = self.map(bridge, ahead=ahead)
        with ThreadPoolExecutor(1, "sangi") as thread:
            loop = asyncio.get_running_loop()
            try:
                while (
                    outputs := await loop.run_in_executor(thread, next, results, None)
                ) is not None:
                    yield outputs
            finally:
                bridge.stop()
                await asyncio.shield(loop.run_in_executor(thread, results.close))

    def self_test(self) -> int:
        """Run the build's golden vectors and compare every result; return how many there were.

        Raises
        ------
        BuildError
            If the build has no golden vectors, or those of another program.
        MismatchError
            If a result differs from the program's.
        DeviceError
            If the device fails.
        """
        golden = load_golden(self._golden_path())
        if golden.digest != self.program.digest:
            raise BuildError(
                f"golden vectors must have the digest {self.program.digest[:16]}, not "
                f"{golden.digest[:16]}; compile again"
            )
        frames = list(zip(*golden.inputs, strict=True))
        for number, result in enumerate(self._device.run(iter(frames))):
            for output, got, array in zip(
                self.program.outputs, result, golden.outputs, strict=True
            ):
                wrong = np.flatnonzero(got != array[number])
                if len(wrong):
                    place = int(wrong[0])
                    raise MismatchError(
                        f"output '{output.name}' of golden frame {number} must be "
                        f"{array[number].flat[place]} at element {place}, not {got.flat[place]}"
                    )
        return len(frames)

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

    def _map(self, images: Iterable[Images], ahead: int | None) -> Results:
        device = self._device
        if isinstance(device, BatchDevice):
            for batch in _stacks(images, min(device.batch, ahead or device.batch)):
                yield from _each(self._execute(device, batch), len(batch))
            return
        for result in device.run(self._frames(_stacks(images, 1)), ahead):
            yield from _each(self._finish([result]), 1)

    def _execute(self, device: BatchDevice, images: Images) -> Outputs:
        """Run images (N, …) together."""
        results = device.execute(prepare(self.program, images))
        tensors = (output.tensor for output in self.program.outputs)
        return finish(self.program, dict(zip(tensors, results, strict=True)))

    def _golden_path(self) -> Path:
        if self._build is None:
            raise BuildError("a self test needs a build; open the device with Accelerator.open")
        beside = self._build / GOLDEN_FILE
        return beside if beside.exists() else self._build / "driver" / GOLDEN_FILE

    def _frames(self, chunks: Iterable[Images]) -> Iterator[Frame]:
        for images in chunks:
            yield from zip(*prepare(self.program, images), strict=True)

    def _finish(self, results: list[Frame]) -> Outputs:
        tensors = {
            output.tensor: np.stack(arrays)
            for output, arrays in zip(self.program.outputs, zip(*results, strict=True), strict=True)
        }
        return finish(self.program, tensors)


def _stacks(images: Iterable[Images], batch: int) -> Iterator[Images]:
    """Stack single images, up to ``batch``."""
    source = iter(images)
    while group := list(islice(source, batch)):
        shape, dtype = group[0].shape, group[0].dtype
        for image in group:
            if image.shape != shape or image.dtype != dtype:
                raise DataError(
                    f"images must have one shape and dtype, not {shape} {dtype} and "
                    f"{image.shape} {image.dtype}"
                )
        yield np.array(group)


def _each(outputs: Outputs, count: int) -> Results:
    """Yield what belongs to each image."""
    for number in range(count):
        yield {name: values[number] for name, values in outputs.items()}


def schemes() -> tuple[str, ...]:
    """Return the schemes that can be opened here, sorted."""
    return tuple(sorted({*OWN, *(entry.name for entry in entry_points(group=GROUP))}))


def open_program(url: str, build: str | Path) -> tuple[Program, Device]:
    """Open a device for the program of a build; see ``Accelerator.open``."""
    scheme, colon, address = url.partition(":")
    if not colon:
        raise DeviceError(f"device must be SCHEME:ADDRESS, for example numpy:, not {url!r}")
    opener = _opener(scheme)
    program = load_program(Path(build) / PROGRAM_FILE)
    return program, opener(address, Path(build), program)


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
