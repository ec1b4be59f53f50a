"""Signals that end the command: it leaves by an exception, so that it cleans up behind itself."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Terminated, and its terminal closed (which Windows does not know)."""

ONCE = 2.0
"""Seconds in which signals count as one: ``timeout`` sends its own twice."""


class Ended(BaseException):
    """Raised where the command is when a signal asks it to end.

    Attributes
    ----------
    exit_code : int
        As a shell shows a process that the signal ended.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Turn the signals that end a process into ``Ended``; those that are ignored stay so."""
    last = -ONCE

    def end(number: int, _frame: FrameType | None) -> None:
        nonlocal last
        before, last = last, time.monotonic()
        if last - before >= ONCE:
            raise Ended(number)

    handlers = {number: signal.getsignal(number) for number in ENDING}
    # A command under nohup goes on without its terminal.
    ours = [number for number, handler in handlers.items() if handler is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)
