"""What the reader refuses, word for word."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from sangi.compiler.onnx_io.read.formats import supported_types
from sangi.compiler.onnx_io.read.read import read_graph
from sangi.runtime.errors import ModelError, UnsupportedError, UsageError

from ..onnx_models import Model

SUPPORTED = f"  supported op types: {', '.join(supported_types())}"


def message(path: Path, kind: type[Exception], **options: Any) -> str:
    with pytest.raises(kind) as caught:
        read_graph(path, **options)
    assert type(caught.value) is kind
    return str(caught.value)


def refused(said: str) -> str:
    return f"net.onnx holds 1 node that cannot be mapped to a circuit:\n  {said}"


def test_a_missing_file(tmp_path: Path) -> None:
    path = tmp_path / "none.onnx"
    assert message(path, UsageError) == f"model must be an existing file, not {path}"


def test_files_that_are_not_onnx(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.touch()
    assert message(path, ModelError) == f"{path} must be an ONNX model, not an empty file"
    model = Model(("N", 1, 5, 5))
    whole = model.save(tmp_path, model.node("Relu", model.conv("x", 2, 1))).read_bytes()
    said = f"{path} must be an ONNX model; this file is not one, or it is truncated"
    for content in (b"not a model", whole[: len(whole) // 2], whole[:-30]):
        path.write_bytes(content)
        assert message(path, ModelError) == said
    path.write_bytes(onnx.ModelProto(ir_version=8).SerializeToString())
    assert message(path, ModelError) == (
        f"{path} must be an ONNX model with nodes and outputs; "
        "this file is not one, or it is truncated"
    )


def test_external_data_that_is_missing(tmp_path: Path) -> None:
    model = Model(("N", 1, 5, 5))
    path = model.save(tmp_path, model.node("Relu", model.conv("x", 2, 1)))
    onnx.save(
        onnx.load(path), path, save_as_external_data=True, location="weights.bin", size_threshold=0
    )
    assert read_graph(path).outputs
    (tmp_path / "weights.bin").unlink()
    said = message(path, ModelError)
    assert said.startswith(f"{path} keeps weights in weights.bin: put that beside the model (")


def test_every_unsupported_node_is_listed_once(tmp_path: Path) -> None:
    model = Model(("N", 2, 6, 6))
    x = model.node("LeakyRelu", model.conv("x", 2, 2))
    x = model.node("Add", x, model.conv(x, 2, 2, pads=[1] * 4))
    y = model.node("Tanh", model.conv("x", 2, 2, strides=[2, 2]))
    z = model.node("Softsign", y)
    path = model.save(tmp_path, x, z)
    assert message(path, UnsupportedError) == "\n".join(
        [
            "net.onnx holds 3 nodes that cannot be mapped to a circuit:",
            "  LeakyRelu 'leakyrelu_1': op type LeakyRelu is not supported; use Relu",
            "  Tanh 'tanh_5': op type Tanh is not supported",
            "  Softsign 'softsign_6': op type Softsign is not supported",
            SUPPORTED,
        ]
    )


def softmax_over_batch(model: Model) -> str:
    return model.node("Softmax", "x", axis=0)


def pooled_up(model: Model) -> str:
    return model.node("MaxPool", "x", kernel_shape=[4, 4], strides=[4, 4], ceil_mode=1)


def added_wider(model: Model) -> str:
    return model.node("Add", "x", model.constant(np.zeros((1, 3, 6, 6), np.float32)))


def added_batch(model: Model) -> str:
    return model.node("Add", "x", model.constant(model.normal(2, 1, 1, 1)))


def pooled_by_nothing(model: Model) -> str:
    return model.node("MaxPool", "x")


def added_image(model: Model) -> str:
    return model.node("Add", "x", model.constant(model.normal(1, 2, 6, 6)))


def multiplied(model: Model) -> str:
    return model.node("Mul", "x", model.node("Relu", "x"))


def unflattened(model: Model) -> str:
    return model.node("MatMul", "x", model.constant(model.normal(6, 3)))


def dynamic_weight(model: Model) -> str:
    return model.node("Conv", "x", model.node("Relu", "x"))


def transposed_batch(model: Model) -> str:
    return model.node("Transpose", "x", perm=[1, 0, 2, 3])


def split_batch(model: Model) -> str:
    return model.node("Reshape", "x", model.constant(np.array([8, 9], np.int64)))


def divided_by_zero(model: Model) -> str:
    return model.node("Div", "x", model.constant(np.float32(0)))


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (softmax_over_batch, "Softmax 'softmax_0': axis must be one of 1…3, not 0"),
        (
            pooled_up,
            "MaxPool 'maxpool_0': ceil_mode must be 0 where the windows do not divide the frame",
        ),
        (pooled_by_nothing, "MaxPool 'maxpool_0': kernel_shape must be given"),
        (
            added_wider,
            "Add 'add_0': constant must broadcast to shape (1, 2, 6, 6), "
            "not have shape (1, 3, 6, 6)",
        ),
        (
            added_batch,
            "Add 'add_0': constant must broadcast to shape (1, 2, 6, 6), "
            "not have shape (2, 1, 1, 1)",
        ),
        (
            added_image,
            "Add 'add_0': constant must be one number or one per channel, not one per element",
        ),
        (
            multiplied,
            "Mul 'mul_1': one of the inputs must be a constant; two tensors can only be added",
        ),
        (
            unflattened,
            "MatMul 'matmul_0': input must have shape (N, features), not (N, 2, 6, 6); "
            "put Flatten before it",
        ),
        (dynamic_weight, "Conv 'conv_1': the weight must be a constant, not computed at run time"),
        (
            transposed_batch,
            "Transpose 'transpose_0': perm must keep the batch axis in front, not be (1, 0, 2, 3)",
        ),
        (
            split_batch,
            "Reshape 'reshape_0': shape must keep the batch axis of 1, not be (8, 9)",
        ),
        (divided_by_zero, "Div 'div_0': divisor must not be 0"),
    ],
)
def test_nodes_of_a_form_that_is_not_supported(tmp_path: Path, build: Any, said: str) -> None:
    model = Model(("N", 2, 6, 6))
    path = model.save(tmp_path, build(model))
    assert message(path, UnsupportedError) == refused(said)


@pytest.mark.parametrize("value", ["nan", "inf"])
def test_weights_that_are_not_finite(tmp_path: Path, value: str) -> None:
    model = Model(("N", 1, 5, 5))
    weight = model.normal(2, 1, 3, 3)
    weight[1, 0, 2, 2] = float(value)
    path = model.save(tmp_path, model.node("Conv", "x", model.constant(weight, "w")))
    assert message(path, UnsupportedError) == refused(
        f"Conv 'conv_0': initializer 'w' must hold finite numbers, not {value} (1 of 18 elements)"
    )


@pytest.mark.parametrize("scale", [0.0, -0.5])
def test_scales_that_are_not_positive(tmp_path: Path, scale: float) -> None:
    model = Model(("N", 4))
    path = model.save(tmp_path, model.quantize("x", scale, 0))
    assert message(path, UnsupportedError) == (
        "net.onnx holds 2 nodes that cannot be mapped to a circuit:\n"
        f"  QuantizeLinear 'quantizelinear_0': scale 'c0' must be positive, not {scale}\n"
        f"  DequantizeLinear 'dequantizelinear_1': scale 'c0' must be positive, not {scale}"
    )


def test_open_shapes(tmp_path: Path) -> None:
    model = Model(("N", 1, "H", "W"))
    path = model.save(tmp_path, model.node("Relu", model.conv("x", 2, 1)))
    assert message(path, ModelError) == (
        "input 'x' must have a static shape, not (1,1,?,?); "
        "use --input-shape, for example --input-shape 1,3,64,64"
    )
    assert message(path, ModelError, input_shape=(1, 6, 6)) == (
        "--input-shape must have 4 numbers for input 'x', batch included, not 3"
    )
    assert message(path, ModelError, input_shape=(1, 1, 0, 6)) == (
        "--input-shape must hold positive numbers, not [1, 1, 0, 6]"
    )
    assert "Conv 'conv_0': padded input must have at least 3 rows, not 2" in message(
        path, UnsupportedError, input_shape=(1, 1, 2, 6)
    )


def test_an_input_shape_that_a_dense_layer_does_not_take(tmp_path: Path) -> None:
    model = Model(("N", 1, 4, 4))
    x = model.node("Flatten", "x")
    x = model.node("Gemm", x, model.constant(model.normal(16, 2)))
    path = model.save(tmp_path, x)
    assert message(path, UnsupportedError, input_shape=(1, 1, 5, 5)) == refused(
        "Gemm 'gemm_1': input must have shape (16,), not (25,)"
    )


def test_a_model_that_reads_what_nobody_makes(tmp_path: Path) -> None:
    model = Model(("N", 4))
    path = model.save(tmp_path, model.node("Add", "x", "nowhere"))
    assert message(path, ModelError) == (
        "Add 'add_0' reads 'nowhere', which nothing in the model makes"
    )


def test_two_inputs(tmp_path: Path) -> None:
    model = Model(("N", 4))
    path = model.save(tmp_path, model.node("Add", "x", "z"))
    proto = onnx.load(path)
    proto.graph.input.append(helper.make_tensor_value_info("z", TensorProto.FLOAT, ["N", 4]))
    path.write_bytes(proto.SerializeToString())
    assert message(path, UnsupportedError) == "the model must have one input, not 2: x, z"
