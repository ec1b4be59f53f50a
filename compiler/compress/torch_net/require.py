"""Whether PyTorch is there; asked before anything that imports it."""

from __future__ import annotations

from importlib.util import find_spec

from ....runtime.errors import ToolError


def require_torch() -> None:
    """Check that PyTorch can be imported, without importing it.

    Raises
    ------
    ToolError
        If it is missing; the message has the command that installs it.
    """
    if find_spec("torch") is None:
        raise ToolError(
            "compression needs PyTorch, which is not installed: pip install 'sangi[train]' "
            "(pytorch.org says how to get the smaller build for CPUs)"
        )
