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


def open_session(model: Any) -> Any:
    """Return a session that executes a model as it is written, on one thread.

    Graph optimizations are off: fused integer kernels round differently.

    Parameters
    ----------
    model : onnx.ModelProto
    """
    onnxruntime = quiet_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # Only errors: warnings about shapes would go to the user's terminal.
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
