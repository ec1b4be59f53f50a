"""Names of units: Verilog module names that tell which ONNX node they come from."""

from __future__ import annotations

import re

LONGEST = 40


def sanitized(name: str) -> str:
    """Return a name in lower case with nothing but letters, digits and single underscores."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def unit_name(number: int, kind: str, node: str) -> str:
    """Return ``l03_conv_<sanitized node name>``, cut to 40 characters."""
    return f"l{number:02d}_{kind}_{sanitized(node)}"[:LONGEST].rstrip("_")
