"""The written file is judged by its integer program, and the test set is looked at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from sangi.compiler.compress.data.metric import TOP1, Metric
from sangi.compiler.compress.data.parts import Parts
from sangi.compiler.compress.data.samples import Samples
from sangi.compiler.compress.export import quantized_graph, write_compressed
from sangi.compiler.compress.model import read_float
from sangi.compiler.compress.network import Network
from sangi.compiler.compress.prepare import prepare
from sangi.compiler.compress.rule import Integer
from sangi.compiler.compress.stages.iq import Quantization
from sangi.compiler.compress.stages.steps import Step
from sangi.compiler.compress.verdict import judged
from sangi.compiler.execute.run import run_graph
from sangi.compiler.execute.runtime import open_session
from sangi.compiler.frontend import load
from sangi.compiler.ir.graph import Graph
from sangi.compiler.quantize.ranges import Range
from sangi.runtime.host import execute

from ..float_digits import images_and_classes, write_digits_model
from .graphs import plain
from .imitation import Unchanged

TRAINED, DECIDED = 600, 800


class Observed(Unchanged):
    """Trains nothing; ranges are those of images."""

    def __init__(self, x: np.ndarray) -> None:
        super().__init__()
        self.x = x

    def ranges(self, network: Network, nodes: Iterable[str], bits: int) -> Mapping[str, Range]:
        values = run_graph(plain(network.graph), self.x, tuple(nodes))
        return {node: Range(float(v.min()), float(v.max())) for node, v in values.items()}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("verdict") / "digits.onnx"
    write_digits_model(path, TRAINED, (8, 8))
    return path


@pytest.fixture(scope="module")
def graph(model: Path) -> Graph:
    return read_float(model)


@pytest.fixture(scope="module")
def parts() -> Parts:
    x, y = images_and_classes()
    cuts = ((0, TRAINED), (TRAINED, DECIDED), (DECIDED, len(x)))
    return Parts(*(Samples(x[low:high, ..., None], y[low:high]) for low, high in cuts))


@pytest.fixture(scope="module")
def small(model: Path, graph: Graph, parts: Parts) -> Path:
    """The network with 5 bits for weights and 4 for activations, as a file."""
    x = parts.train.x.astype(np.float32)
    stage = Quantization((Step(Integer(5), 4),), byte_input=True)
    network = prepare(graph, x)
    (rung,) = stage.ladder(network)
    path = model.with_name("small.onnx")
    write_compressed(quantized_graph(stage.apply(network, rung, Observed(x))), path, {})
    return path


def share(outputs: np.ndarray, y: np.ndarray) -> float:
    return float((outputs.argmax(axis=1) == y).mean())


def test_accuracies_are_those_of_the_files(
    model: Path, graph: Graph, parts: Parts, small: Path
) -> None:
    notes: list[str] = []
    found = judged(graph, small, parts, TOP1, 0.75, notes.append)
    assert parts.test is not None
    program = load(small)
    for samples, value in ((parts.validation, found.validation), (parts.test, found.test)):
        assert share(execute(program, samples.x)["y"], samples.y) == value
    x = parts.test.x.transpose(0, 3, 1, 2).astype(np.float32)
    (outputs,) = open_session(onnx.load(model)).run(None, {"x": x})
    assert share(outputs, parts.test.y) == found.original_test
    assert found.original == 0.75
    assert found.exact
    assert notes == []
    # Neither is right always, and they differ: no two numbers can be mixed up.
    assert 0.5 < found.test < found.original_test < 1


def test_a_file_without_quantizers_is_judged_by_onnx_runtime(
    graph: Graph, parts: Parts, tmp_path: Path
) -> None:
    network = prepare(graph, parts.train.x.astype(np.float32))
    path = tmp_path / "float.onnx"
    write_compressed(quantized_graph(network), path, {})
    notes: list[str] = []
    found = judged(graph, path, parts, TOP1, 0.75, notes.append)
    assert not found.exact
    assert found.test == pytest.approx(found.original_test, abs=1e-3)
    (note,) = notes
    assert note.startswith("the result has no integer program, so ONNX Runtime judged it: ")
    assert "float.onnx has no quantizers" in note


def test_the_test_set_is_looked_at_once_for_each_of_both(
    graph: Graph, parts: Parts, small: Path
) -> None:
    seen: list[int] = []

    def metric(outputs: Any, y: np.ndarray) -> float:
        assert list(outputs) == ["y"]
        seen.append(len(y))
        return -float(len(seen))

    assert parts.test is not None
    own = Metric("module:metric", metric)
    found = judged(graph, small, parts, own, 0.5, pytest.fail)
    assert seen == [len(parts.validation.y), len(parts.test.y), len(parts.test.y)]
    assert (found.validation, found.original_test, found.test) == (-1, -2, -3)
    seen.clear()
    found = judged(graph, small, Parts(parts.train, parts.validation, None), own, 0.5, pytest.fail)
    assert seen == [len(parts.validation.y)]
    assert (found.original_test, found.test) == (None, None)
