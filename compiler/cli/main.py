"""The command ``sangi``: errors become one readable message and an exit code."""

from __future__ import annotations

import sys

from ...runtime.errors import SangiError
from .app import app
from .console import show_error

INTERRUPTED = 130


def main() -> None:
    """Run the command line and exit.

    Exit codes: 0 done; 1 something that the user must mend (``SangiError``: one message on
    stderr, no traceback); 2 wrong usage, a file that does not exist included; 130 interrupted.
    """
    try:
        app()
    except SangiError as error:
        show_error(str(error))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
