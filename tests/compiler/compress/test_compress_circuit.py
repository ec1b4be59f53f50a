"""From a float model to a circuit: training, program and Verilator agree, and so do the figures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sangi.compiler.compile import compile_model
from sangi.compiler.compress.banks import BANKS, check_banks
from sangi.compiler.compress.compress import Compressed, compress_model
from sangi.compiler.compress.data.samples import Samples
from sangi.compiler.compress.model import arranged, read_float
from sangi.compiler.compress.prepare import prepare
from sangi.compiler.compress.search.store import Store
from sangi.compiler.compress.sizes import ENCODINGS
from sangi.compiler.compress.torch_net.options import FitOptions
from sangi.compiler.frontend import load_graph
from sangi.compiler.ir.ops.conv import Conv
from sangi.compiler.report.report import read_report
from sangi.compiler.simulate import simulate
from sangi.runtime.host import execute
from sangi.runtime.store import load_program

from ..float_digits import images_and_classes, write_digits_model

pytestmark = [pytest.mark.slow, pytest.mark.ci, pytest.mark.torch]

TESTED = 1000
FRAMES = 3
FILTERS = (8, 16, 16)
WAYS: dict[str, dict[str, Any]] = {
    "int": {"max_drop": 0.03},
    "ternary": {"max_drop": 0.06, "weights": "ternary", "balanced": 4},
}


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A float model, and images to train and to test with."""
    x, y = images_and_classes()
    place = tmp_path_factory.mktemp("chain")
    trained = len(x) - TESTED
    write_digits_model(place / "digits.onnx", trained, FILTERS)
    np.savez(place / "train.npz", x=x[:trained], y=y[:trained])
    np.savez(place / "test.npz", x=x[trained:], y=y[trained:])
    return place


@pytest.fixture(scope="module", params=WAYS)
def found(folder: Path, request: pytest.FixtureRequest) -> Compressed:
    return compress_model(
        *(folder / "digits.onnx", folder / "train.npz", folder / "test.npz"),
        out=folder / f"{request.param}.onnx",
        epochs=10,
        **WAYS[request.param],
    )


@pytest.fixture(scope="module")
def build(found: Compressed) -> Path:
    place = found.path.with_suffix(".build")
    compile_model(found.path, "ulx3s_85f", out=place)
    return place


def test_training_and_the_built_program_agree_on_a_thousand_images(
    found: Compressed, build: Path, folder: Path
) -> None:
    from sangi.compiler.compress.torch_net.trainer import TorchTrainer

    stored = Store(found.work / "candidates").load(found.chosen.key)
    assert stored is not None
    with np.load(folder / "test.npz") as test:
        x, y = test["x"], test["y"]
    assert len(x) == TESTED
    graph = read_float(folder / "digits.onnx")
    samples = arranged(graph, Samples(x, y), "test", None, None)
    original = prepare(graph, samples.x[:8])
    trainer = TorchTrainer(original, samples, samples, FitOptions(epochs=1, teacher=0.0))
    trained = trainer.outputs(stored.network, samples.x)["y"]
    computed = execute(load_program(build / "program.sangi"), x)["y"]
    accuracies = [float((part.argmax(axis=1) == y).mean()) for part in (trained, computed)]
    assert accuracies[1] == found.accuracies.test
    assert abs(accuracies[0] - accuracies[1]) <= 0.002
    assert (trained.argmax(axis=1) != computed.argmax(axis=1)).mean() <= 0.002
    # Quantized to the same codes almost everywhere: only float32's last bits decide ties.
    close = np.isclose(trained, computed, rtol=1e-4, atol=1e-4 * np.abs(computed).max())
    assert close.all(axis=1).mean() > 0.98
    assert accuracies[0] > 0.8


def test_every_stream_of_the_circuit_is_the_program_s(
    found: Compressed, build: Path, folder: Path
) -> None:
    result = simulate(build, folder / "test.npz", frames=FRAMES)
    assert result.first is None
    assert (result.mismatches, result.equal, result.frames) == (0, 1.0, FRAMES)
    assert result.tensors > 6


def test_the_report_counts_the_bits_that_compress_printed(found: Compressed, build: Path) -> None:
    bits = read_report(build)["bits"]
    printed = asdict(found.sizes)
    counted = {name: bits[name] for name in (*ENCODINGS, "float32")}
    # The circuit's channels stand in another order, in which DEFLATE sees other neighbours.
    assert counted.pop("deflate") == pytest.approx(printed.pop("deflate"), rel=0.01)
    assert counted == printed
    assert bits["dense"] * 10 < bits["float32"]


def test_ternary_filters_are_balanced_in_the_file(found: Compressed) -> None:
    graph = load_graph(found.path)
    if found.document["options"]["balanced"] is None:
        assert BANKS not in graph.metadata
        return
    checked = check_banks(graph)
    layers = {name: graph.op(name) for name in graph.order() if isinstance(graph.op(name), Conv)}
    for name in list(layers)[1:]:
        kernels = layers[name].weight
        counts = {
            int(np.count_nonzero(kernel[..., bank::4])) for kernel in kernels for bank in range(4)
        }
        assert counts == {checked[name]}
        assert set(np.unique(kernels)) <= {-1, 0, 1}
        assert (kernels == 0).any()
