"""The command ``sangi``: errors become one readable message and an exit code."""

from __future__ import annotations

import errno
import os
import sys
import warnings
from pathlib import Path
from traceback import extract_tb

from ...runtime.errors import SangiError
from .app import app
from .console import show_error
from .signals import Ended, ended_by_signals

INTERRUPTED = 130
FAILED = 1

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What the operating system says of output that finds no room, wherever it goes."""


def main() -> None:
    """Run the command line and exit.

    Exit codes: 0 done; 1 something that the user must mend (``SangiError``: one message on
    stderr, no traceback); 2 wrong usage, a file that does not exist included; 130 interrupted;
    143 terminated; 129 the terminal was closed.
    """
    try:
        with ended_by_signals():
            app()
        code = 0
    except BaseException as error:
        code = _exit_code(error)
        if code:
            # Amaranth's, of circuits that were begun: they are given up, not forgotten.
            warnings.filterwarnings("ignore", message=".* created but never used")
    sys.exit(_flushed(code))


def _exit_code(error: BaseException) -> int:
    """Say what ended the command, where somebody has to know, and return the exit code."""
    match error:
        case SystemExit(code=None):
            return 0
        case SystemExit(code=int(code)):
            return code
        case KeyboardInterrupt():
            return INTERRUPTED
        case Ended():
            return error.exit_code
        case SangiError():
            show_error(str(error))
            return error.exit_code
        case MemoryError():
            show_error("the memory of this machine must suffice for the model, and it does not")
        case BrokenPipeError():
            # Who read the output has seen enough of it.
            pass
        case OSError() if error.errno in FULL:
            place = "output" if error.filename is None else f"output {error.filename}"
            show_error(f"{place} cannot be written: {error.strerror}; choose another place")
        case _:
            # The last net, for defects: every expected failure is a SangiError.
            show_error(_defect(error))
    return FAILED


def _flushed(code: int) -> int:
    """Write what stdout still holds and return the exit code, another one where that fails."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        # Python itself would try again when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return code or _exit_code(error)
    return code


def _defect(error: BaseException) -> str:
    """Return what is said of an error that nobody expected: what it is, and where to look."""
    places = [(_own(frame.filename), frame.lineno) for frame in extract_tb(error.__traceback__)]
    where = [f"{path}:{line}" for path, line in places if path is not None]
    return (
        f"sangi itself failed, which is a defect: {type(error).__name__}: {error} "
        f"({' → '.join(where[-3:])}); please report it with the command and the model"
    )


def _own(name: str) -> Path | None:
    """Return a file's path within this package; None for files of others."""
    root = Path(__file__).parents[2]
    if root not in Path(name).parents:
        return None
    path = Path(name).relative_to(root)
    # A virtual environment may stand inside of a checkout.
    return None if "site-packages" in path.parts else path
