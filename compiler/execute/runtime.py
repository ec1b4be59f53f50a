"""ONNX Runtime, imported where it is used and without its telemetry."""

from __future__ import annotations

import importlib
import os
from typing import Any


def quiet_onnxruntime() -> Any:
    """Return the module ``onnxruntime``.

    Since 1.29 its builds report their use to the vendor from the moment of import and keep a
    database in the home folder; only this variable, set before, prevents both. A value that the
    user has set stays.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    return importlib.import_module("onnxruntime")
