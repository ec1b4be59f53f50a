"""Small models with QONNX's ops, and qonnx itself to run them: the oracle."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper

from sangi.compiler.execute.runtime import quiet_onnxruntime

from .onnx_models import Model

GENERAL = "qonnx.custom_op.general"


class QonnxModel(Model):
    """A model whose Quant and its kin are written in one line."""

    def quant(
        self,
        x: str,
        scale: Any,
        zero_point: Any = 0.0,
        bits: Any = 8,
        domain: str = GENERAL,
        **options: Any,
    ) -> str:
        grid = [self.constant(np.asarray(value, np.float32)) for value in (scale, zero_point, bits)]
        options = {"signed": 1, "narrow": 0} | options
        return self.node("Quant", x, *grid, domain=domain, **options)

    def floats(self, value: Any) -> str:
        """A float32 constant."""
        return self.constant(np.asarray(value, np.float32))


def execute_qonnx(
    path: Path, x: np.ndarray, shapes: Mapping[str, tuple[int, ...]] | None = None
) -> dict[str, np.ndarray]:
    """Run a model with the package qonnx; the outputs of all frames by name.

    ``shapes`` of tensors help where qonnx cannot infer them.
    """
    quiet_onnxruntime()
    qonnx_exec = pytest.importorskip("qonnx.core.onnx_exec")
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.transformation.infer_shapes import InferShapes

    model = onnx.load(path)
    model.ir_version = 8
    for node in model.graph.node:
        if node.op_type in ("Quant", "BipolarQuant", "Trunc", "MultiThreshold"):
            node.domain = GENERAL
            # qonnx tells the two versions of Trunc apart by the import.
            version = 2 if node.op_type == "Trunc" and len(node.input) == 6 else 1
            del model.opset_import[1:]
            model.opset_import.append(helper.make_opsetid(GENERAL, version))
    (entry,) = model.graph.input
    entry.type.tensor_type.shape.dim[0].dim_value = len(x)
    with pytest.MonkeyPatch.context() as patch:
        # qonnx writes models of the newest IR version, which ONNX Runtime may not know yet.
        patch.setattr(onnx, "IR_VERSION", 10)
        wrapper = ModelWrapper(model)
        for name, shape in (shapes or {}).items():
            wrapper.set_tensor_shape(name, shape)
        wrapper = wrapper.transform(InferShapes())
        outputs: dict[str, np.ndarray] = qonnx_exec.execute_onnx(
            wrapper, {"x": x.astype(np.float32)}
        )
    return outputs
