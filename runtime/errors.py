"""The one hierarchy of errors that users meet.

Every message names what is wrong, where, and what mends it, in the form "X must be …, not …".
``exit_code`` is what the command line returns for it.
"""

from __future__ import annotations


class SangiError(Exception):
    """Anything that the user must mend; shown as one readable message, without a traceback."""

    exit_code = 1


class UsageError(SangiError):
    """Wrong usage of a command or function, a file that does not exist included."""

    exit_code = 2


class ModelError(SangiError):
    """A model file that cannot be read or is not what it says it is."""


class UnsupportedError(ModelError):
    """A model that is valid but holds something that cannot be mapped to a circuit."""


class DataError(SangiError):
    """Images or labels of a wrong shape, type or content."""


class BoardError(SangiError):
    """An unknown or malformed board description."""


class FitError(SangiError):
    """A network that does not fit the board or misses its frame rate."""


class BuildError(SangiError):
    """A build folder that is missing, of another kind, damaged, or cannot be written."""


class ToolError(SangiError):
    """An external tool or optional package that is missing or failed."""


class DeviceError(SangiError):
    """A device that cannot be opened, answers wrongly, or not at all."""


class MismatchError(SangiError):
    """Two stages that must compute the same and do not: a circuit and its program, two graphs."""
