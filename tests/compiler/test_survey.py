"""All that stands in the way, in one list and before anything is executed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sangi.compiler.execute import run
from sangi.compiler.frontend import load
from sangi.compiler.mapping import refusals
from sangi.compiler.survey import survey
from sangi.runtime.errors import UnsupportedError
from sangi.runtime.ops.maxpool import MaxPool

from .onnx_models import Model


def several_problems(folder: Path) -> Path:
    """A float model that fails in reading, in lowering and in mapping, from back to front."""
    model = Model((1, 2, 8, 8))
    x = model.node("MaxPool", "x", kernel_shape=[3, 3])
    x = model.node("Softmax", x, axis=1)
    x = model.node("Relu", x)
    x = model.node("LeakyRelu", model.conv(x, 4, 2))
    x = model.node("Flatten", model.conv(x, 4, 4))
    x = model.node("Gemm", x, model.constant(model.normal(7, 3)))
    return model.save(folder, x)


@pytest.fixture(autouse=True)
def no_engine_for_maxpool(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every op has an engine: one is taken away, so that the mapping has something to refuse."""
    rest = tuple(kind for kind in refusals.MAPPED if kind is not MaxPool)
    monkeypatch.setattr(refusals, "MAPPED", rest)


def test_problems_of_all_stages_are_listed_in_the_order_of_the_file(tmp_path: Path) -> None:
    found = survey(several_problems(tmp_path))
    assert found.program is None
    assert [str(problem) for problem in found.problems] == [
        "MaxPool 'maxpool_0': MaxPool has no engine; there are engines for Conv, Dense, SumPool, "
        "Requantize, Threshold, Lookup, Add, Concat, Reshape",
        "Relu 'relu_2': must not follow Softmax, Sigmoid or ArgMax; these are computed by the "
        "host, at the end of the model",
        "LeakyRelu 'leakyrelu_4': op type LeakyRelu is not supported; use Relu",
        "Gemm 'gemm_7': input must have shape (7,), not (16,)",
    ]


def test_the_list_comes_before_calibration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def executed(*_: object) -> None:
        raise AssertionError("nothing may be executed")

    monkeypatch.setattr(run, "open_session", executed)
    path = several_problems(tmp_path)
    with pytest.raises(UnsupportedError) as caught:
        load(path, data=np.zeros((4, 8, 8, 2), np.uint8), mapped=True)
    assert str(caught.value).startswith(
        "net.onnx holds 4 nodes that cannot be mapped to a circuit:\n  MaxPool 'maxpool_0': MaxPool"
    )
    with pytest.raises(UnsupportedError) as caught:
        load(path)
    # MaxPool has an exact meaning, only no engine; and without images there is one thing more.
    assert str(caught.value).startswith("net.onnx holds 3 nodes")
    assert str(caught.value).endswith(
        "the model has no quantizers either: it needs --data images.npz"
    )


def test_a_float_model_gets_placeholders(tmp_path: Path) -> None:
    model = Model((1, 1, 8, 8))
    x = model.node("Relu", model.conv("x", 4, 1))
    x = model.node("Gemm", model.node("Flatten", x), model.constant(model.normal(144, 3)))
    found = survey(model.save(tmp_path, x))
    assert found.problems == ()
    assert found.unquantized is not None
    assert found.program is not None
    assert [type(node.op).__name__ for node in found.program.nodes if "conv" in node.name] == [
        "Conv"
    ]
    assert found.program.types[found.program.nodes[0].output].shape == (6, 6, 4)


def test_a_quantized_model_is_read_once(tmp_path: Path) -> None:
    model = Model((1, 1, 8, 8))
    x = model.node("Relu", model.qconv(model.quantize("x", 1.0, 0), 4, 1))
    path = model.save(tmp_path, model.quantize(x, 0.1, 0))
    found = survey(path)
    assert found.unquantized is None
    assert found.program is not None
    assert load(path).digest == found.program.digest


def test_outputs_behind_a_refused_node_are_no_problems_themselves(tmp_path: Path) -> None:
    model = Model((1, 4))
    x = model.node("Gelu", model.quantize("x", 1.0, 0))
    (problem,) = survey(model.save(tmp_path, x)).problems
    assert str(problem).startswith("Gelu 'gelu_2': op type Gelu is not supported")
