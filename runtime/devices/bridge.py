"""From an event loop's images to the thread that drives a device."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from concurrent.futures import Future
from typing import Any

import numpy.typing as npt

Image = npt.NDArray[Any]


class Bridge:
    """Iterates in a thread over images that an event loop gives, or over any others.

    Made within the event loop; a thread iterates once.

    Parameters
    ----------
    images : iterable or asynchronous iterable of arrays
    """

    def __init__(self, images: Iterable[Image] | AsyncIterable[Image]) -> None:
        self._images = images
        self._loop = asyncio.get_running_loop()
        self._stopped = False
        self._awaited: Future[Image | None] | None = None

    def stop(self) -> None:
        """Give no more images, also where one is awaited; called within the event loop."""
        self._stopped = True
        if self._awaited is not None:
            self._awaited.cancel()

    def __iter__(self) -> Iterator[Image]:
        if isinstance(self._images, AsyncIterable):
            yield from self._fetch(self._images.__aiter__())
        else:
            for image in self._images:
                if self._stopped:
                    return
                yield image

    def _fetch(self, source: AsyncIterator[Image]) -> Iterator[Image]:
        while not self._stopped:
            self._awaited = asyncio.run_coroutine_threadsafe(_next(source), self._loop)
            if self._stopped:  # meanwhile
                self._awaited.cancel()
            image = self._awaited.result()
            if image is None:
                return
            yield image


async def _next(source: AsyncIterator[Image]) -> Image | None:
    try:
        return await source.__anext__()
    except StopAsyncIteration:
        return None
