"""QONNX's channels-last ops against the standard ones between transposes, and against qonnx."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from sangi.compiler.frontend import load
from sangi.compiler.onnx_io.read.read import read_graph
from sangi.runtime.errors import UnsupportedError
from sangi.runtime.host import execute

from ..qonnx_models import GENERAL, QonnxModel, execute_qonnx

DOMAIN = "qonnx.custom_op.channels_last"
FRAMES = np.random.default_rng(0).integers(-64, 64, (6, 7, 6, 4)) / 8


class Network:
    """The same network twice: channels last, and first with transposes around each op."""

    def __init__(self, last: bool, domain: str = DOMAIN) -> None:
        self.last = last
        self.domain = domain
        self.model = QonnxModel(("N", 7, 6, 4))
        self.random = np.random.default_rng(1)

    def op(self, kind: str, x: str, *constants: str, **options: Any) -> str:
        if self.last:
            return self.model.node(kind, x, *constants, domain=self.domain, **options)
        x = self.model.node("Transpose", x, perm=[0, 3, 1, 2])
        x = self.model.node(kind, x, *constants, **options)
        return self.model.node("Transpose", x, perm=[0, 2, 3, 1])

    def weight(self, filters: int, size: int, channels: int) -> str:
        """(F, kh, kw, C) channels last, (F, C, kh, kw) else."""
        codes = self.random.integers(-3, 4, (filters, size, size, channels)) / 4
        array = codes if self.last else codes.transpose(0, 3, 1, 2)
        return self.model.quant(self.model.floats(array), 1 / 4, 0, 3)


def outputs(folder: Path, last: bool, build: Any) -> dict[str, np.ndarray]:
    network = Network(last)
    x = network.model.quant("x", 1 / 8)
    path = network.model.save(folder, build(network, x))
    return execute(load(path), FRAMES)


def both_ways(folder: Path, build: Any) -> None:
    (found,) = outputs(folder, True, build).values()
    (wanted,) = outputs(folder, False, build).values()
    np.testing.assert_array_equal(found, wanted)


def test_convolutions(tmp_path: Path) -> None:
    def build(net: Network, x: str) -> str:
        x = net.op("Conv", x, net.weight(8, 3, 4), net.model.floats(np.arange(8) / 8), pads=[1] * 4)
        x = net.model.quant(x, 1 / 2, 0, 4)
        x = net.op("Conv", x, net.weight(8, 3, 1), group=8, strides=[2, 1], dilations=[1, 2])
        x = net.model.quant(x, 1 / 2, 0, 4)
        return net.op("Conv", x, net.weight(5, 2, 8), auto_pad="SAME_LOWER", kernel_shape=[2, 2])

    both_ways(tmp_path, build)


def test_pooling_and_normalization(tmp_path: Path) -> None:
    def build(net: Network, x: str) -> str:
        numbers = ([1, -0.5, 2, 0.25], [0, 1, -1, 0.5], [0.5, 0, 1, -1], [1, 4, 0.25, 9])
        x = net.op("BatchNormalization", x, *map(net.model.floats, numbers))
        x = net.model.quant(x, 1 / 4, 0, 6)
        return net.op("MaxPool", x, kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 0])

    both_ways(tmp_path, build)


def test_no_transpose_is_needed_and_the_input_stays_channels_last(tmp_path: Path) -> None:
    net = Network(last=True)
    x = net.op("Conv", net.model.quant("x", 1 / 8), net.weight(3, 3, 4))
    graph = read_graph(net.model.save(tmp_path, x))
    assert [type(graph.op(name)).__name__ for name in graph.order()] == [
        "Input",
        "Quantize",
        "Conv",
    ]
    assert load(tmp_path / "net.onnx").inputs[0].layout == "NHWC"


def test_qonnx_itself(tmp_path: Path) -> None:
    """Every attribute that qonnx asks for."""
    net = Network(last=True)
    options: dict[str, Any] = {"strides": [1, 1], "pads": [1, 1, 1, 1]}
    first = net.model.quant("x", 1 / 8)
    options |= {"kernel_shape": [3, 3]}
    weight = net.weight(6, 3, 2)
    conv = net.op("Conv", first, weight, group=2, dilations=[1, 1], **options)
    last = net.model.quant(conv, 1 / 2, 0, 4)
    y = net.op("MaxPool", last, **options)
    path = net.model.save(tmp_path, y)
    shapes = {first: (1, 7, 6, 4), weight: (6, 3, 3, 2), last: (1, 7, 6, 6)}
    wanted = execute_qonnx(path, FRAMES[:1], shapes)[y]
    np.testing.assert_array_equal(execute(load(path), FRAMES[:1])[y], wanted)


@pytest.mark.parametrize("input_too", [False, True])
def test_models_that_qonnx_converted(tmp_path: Path, input_too: bool) -> None:
    pytest.importorskip("qonnx")
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.transformation.channels_last import ConvertToChannelsLastAndClean
    from qonnx.util.cleanup import cleanup_model

    model = QonnxModel((1, 3, 8, 8), opset=11)
    options: dict[str, Any] = {"kernel_shape": [3, 3], "strides": [1, 1], "dilations": [1, 1]}
    weights = [model.floats(model.normal(6, 3, 3, 3)), model.floats(model.normal(4, 6, 3, 3))]
    first, second = (model.quant(weight, 1 / 4, 0, 3) for weight in weights)
    x = model.quant("x", 1 / 8)
    x = model.node("Conv", x, first, group=1, pads=[1] * 4, **options)
    numbers = [*model.normal(3, 6), np.abs(model.normal(6)) + 0.1]
    x = model.node("BatchNormalization", x, *map(model.floats, numbers))
    x = model.quant(model.node("Relu", x), 1 / 4, 0, 4, signed=0)
    x = model.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2], pads=[0] * 4)
    x = model.node("Conv", x, second, group=1, pads=[0] * 4, **options)
    x = model.node("Flatten", model.quant(x, 1 / 2, 0, 4))
    y = model.node("MatMul", x, model.quant(model.floats(model.normal(16, 5)), 1 / 4, 0, 3))
    path = model.save(tmp_path, y)

    plain = onnx.load(path)
    plain.opset_import.append(helper.make_opsetid(GENERAL, 1))
    plain.graph.output[0].CopyFrom(helper.make_tensor_value_info(y, TensorProto.FLOAT, [1, 5]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(onnx, "IR_VERSION", 10)
        wrapper = cleanup_model(ModelWrapper(plain))
        wrapper = wrapper.transform(ConvertToChannelsLastAndClean(input_too))
        wrapper.save(str(tmp_path / "last.onnx"))
    kinds = {(node.domain, node.op_type) for node in wrapper.graph.node}
    assert {(DOMAIN, kind) for kind in ("Conv", "MaxPool", "BatchNormalization")} <= kinds
    program = load(tmp_path / "last.onnx")
    assert program.inputs[0].layout == ("NHWC" if input_too else "NCHW")
    frames = np.random.default_rng(2).integers(-64, 64, (7, 8, 8, 3)) / 8
    (found,) = execute(program, frames).values()
    (wanted,) = execute(load(path), frames).values()
    np.testing.assert_array_equal(found, wanted)


def test_the_older_max_pool(tmp_path: Path) -> None:
    net = Network(last=True)
    x = net.model.quant("x", 1 / 8)
    options = {"kernel_shape": [2, 2], "strides": [2, 2], "pads": [0, 0, 0, 0]}
    y = net.model.node("MaxPoolNHWC", x, domain="finn.custom_op.general", **options)
    z = net.op("MaxPool", x, **options)
    found = execute(load(net.model.save(tmp_path, y, z)), FRAMES)
    np.testing.assert_array_equal(found[y], found[z])


def test_refusals(tmp_path: Path) -> None:
    net = Network(last=True)
    x = net.model.node("Transpose", "x", perm=[0, 3, 1, 2])
    x = net.model.node("Reshape", x, net.model.constant(np.array([-1, 24, 7])))
    y = net.op("MaxPool", x, kernel_shape=[2])
    z = net.op("Conv", "x", net.model.floats(np.zeros((3, 3, 4))))
    path = net.model.save(tmp_path, y, z)
    with pytest.raises(UnsupportedError) as caught:
        read_graph(path)
    assert str(caught.value).splitlines()[1:] == [
        "  MaxPool 'maxpool_2': input must have shape (N, H, W, C), not (N, 24, 7)",
        "  Conv 'conv_3': weight must have 4 axes (F, kh, kw, C), not 3",
    ]
