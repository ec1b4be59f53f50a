"""Inputs and outputs that a circuit cannot have."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from .kind import Broken, Change, changed, node


def dynamic(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_param = "H"


def huge_input(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[3].dim_value = 1 << 40


def negative_input(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[3].dim_value = -6


def no_type(model: onnx.ModelProto) -> None:
    model.graph.input[0].ClearField("type")


def text_input(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.STRING


def sequence(model: onnx.ModelProto) -> None:
    kind = helper.make_sequence_type_proto(model.graph.input[0].type)
    model.graph.input[0].type.CopyFrom(kind)


def rank(*shape: int) -> Change:
    def change(model: onnx.ModelProto) -> None:
        del model.graph.input[0].type.tensor_type.shape.dim[:]
        for size in shape:
            model.graph.input[0].type.tensor_type.shape.dim.add().dim_value = size

    return change


def second_input(model: onnx.ModelProto) -> None:
    model.graph.input.append(helper.make_tensor_value_info("z", TensorProto.FLOAT, [1, 4]))


def second_output(model: onnx.ModelProto) -> None:
    model.graph.output.append(
        helper.make_tensor_value_info(node(model, "MaxPool").output[0], TensorProto.FLOAT, None)
    )


def input_as_output(model: onnx.ModelProto) -> None:
    model.graph.output[0].name = "x"


def constant_as_output(model: onnx.ModelProto) -> None:
    model.graph.output[0].name = "c0"


def unused_input(model: onnx.ModelProto) -> None:
    model.graph.node.insert(0, helper.make_node("ConstantOfShape", ["shape"], ["made"]))
    model.graph.initializer.append(numpy_helper.from_array(np.array([1, 2, 6, 6]), "shape"))
    node(model, "QuantizeLinear").input[0] = "made"


def ends() -> Iterator[Broken]:
    """Inputs and outputs that a circuit cannot have."""
    static = "input 'x' must have a static shape, not (1,2,?,6); use --input-shape"
    yield changed("a dynamic spatial dimension", dynamic, static)
    yield changed("a huge input", huge_input, "input 'x' must have at most 33,554,432 elements")
    yield changed("an input of negative size", negative_input, "must have positive sizes, not [")
    yield changed("an input without type", no_type, "must be declared as a tensor, not as nothing")
    yield changed("an input of text", text_input, "input 'x' must hold numbers, not STRING")
    yield changed("a sequence as input", sequence, "declared as a tensor, not as a sequence")
    yield changed("an input of rank 0", rank(), "must have a static shape, not (unknown)")
    yield changed("an input of rank 1", rank(72), "must have a static shape, not (72)")
    yield changed("an input of rank 2", rank(1, 72), "Conv 'conv_4': input must have shape")
    yield changed("an input of rank 5", rank(1, 2, 1, 6, 6), "Conv 'conv_4': input must have shape")
    yield changed("two inputs", second_input, "the model must have one input, not 2: x, z")
    yield changed("two outputs", second_output, "the model must have one output, not 2: ")
    yield changed("the input as output", input_as_output, "output 'x' must be")
    yield changed("a constant as output", constant_as_output, "output 'c0' must be")
    yield changed("an input that nothing reads", unused_input, "x")
    yield changed(
        "an input shape of another rank",
        dynamic,
        "--input-shape must have 4 numbers for input 'x', batch included, not 3",
        options=("--input-shape", "2,6,6"),
    )
    yield changed(
        "an input shape that a Gemm does not take",
        dynamic,
        "Gemm 'gemm_11': input must have shape (36,), not (64,)",
        options=("--input-shape", "1,2,8,8"),
    )
