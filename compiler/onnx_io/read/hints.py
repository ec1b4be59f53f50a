"""What may stand in place of ops that are refused."""

from __future__ import annotations

from collections.abc import Mapping

_STATIC = "quantize statically (QDQ with calibrated scales)"

#: By op type.
HINTS: Mapping[str, str] = {
    "LeakyRelu": "use Relu",
    "PRelu": "use Relu",
    "Elu": "use Relu",
    "HardSwish": "use Relu",
    "HardSigmoid": "use Relu, or Sigmoid at the end of the model",
    "Gelu": "use Relu",
    "Mish": "use Relu",
    "Selu": "use Relu",
    "Softplus": "use Relu",
    "ThresholdedRelu": "use Relu",
    "Upsample": "use strided layers only",
    "Resize": "use strided layers only",
    "LayerNormalization": "use BatchNormalization",
    "InstanceNormalization": "use BatchNormalization",
    "ReduceSum": "use GlobalAveragePool",
    "ConvInteger": _STATIC,
    "DynamicQuantizeLinear": _STATIC,
    "DynamicQuantizeMatMul": _STATIC,
    "MatMulInteger": _STATIC,
    "MatMulIntegerToFloat": _STATIC,
    "FloatQuant": "quantize to integers (Quant)",
    "Im2Col": "take the model before FINN lowers its convolutions",
    "QLinearLeakyRelu": "use Relu",
    "QLinearSigmoid": "leave Sigmoid out of the quantization, at the end of the model",
    "QLinearSoftmax": "leave Softmax out of the quantization, at the end of the model",
    "QuantAvgPool2d": "take the model before FINN streamlines it (AveragePool and Trunc)",
    "XnorPopcountMatMul": "take the model before FINN turns its bipolar MatMul into this",
}
