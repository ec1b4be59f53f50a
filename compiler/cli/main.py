"""The command ``sangi``: errors become one readable message and an exit code."""

from __future__ import annotations

import sys
from pathlib import Path
from traceback import extract_tb

from ...runtime.errors import SangiError
from .app import app
from .console import show_error
from .signals import Ended, ended_by_signals

INTERRUPTED = 130
FAILED = 1


def main() -> None:
    """Run the command line and exit.

    Exit codes: 0 done; 1 something that the user must mend (``SangiError``: one message on
    stderr, no traceback); 2 wrong usage, a file that does not exist included; 130 interrupted;
    143 terminated; 129 the terminal was closed.
    """
    try:
        with ended_by_signals():
            app()
    except SangiError as error:
        show_error(str(error))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Ended as signal:
        sys.exit(signal.exit_code)
    except MemoryError:
        show_error("the memory of this machine must suffice for the model, and it does not")
        sys.exit(FAILED)
    except Exception as error:
        # The last net, for defects: every expected failure is a SangiError.
        show_error(_defect(error))
        sys.exit(FAILED)


def _defect(error: Exception) -> str:
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
