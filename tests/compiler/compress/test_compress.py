"""The whole of a compression, on a small network: what it returns, writes and refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from sangi.compiler.compress.banks import BANKS, check_banks
from sangi.compiler.compress.compress import FINAL, Compressed, compress_model
from sangi.compiler.compress.data.samples import Samples
from sangi.compiler.compress.data.split import split
from sangi.compiler.compress.export import COMPRESSED
from sangi.compiler.compress.model import read_float
from sangi.compiler.compress.search.events import Event, PhaseStarted, SearchDone, TrainingStarted
from sangi.compiler.compress.sizes import Sizes, sizes_of
from sangi.compiler.compress.stages.iq import EdgeQuantization, Quantization
from sangi.compiler.compress.stages.ns import Slimming
from sangi.compiler.frontend import load, load_graph
from sangi.runtime.errors import BuildError, SangiError, UnsupportedError, UsageError
from sangi.runtime.host import execute

from ..float_digits import images_and_classes, write_digits_model

pytestmark = pytest.mark.torch

TRAINED = 500
FILTERS = (8, 16)
WEIGHTS = 8 * 9 + 16 * 8 * 9 + 10 * 16 * 4


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Any:
    """Sums of one order, and no waiting for other tests."""
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("float") / "digits.onnx"
    write_digits_model(path, TRAINED, FILTERS)
    return path


@pytest.fixture(scope="module")
def data() -> tuple[Samples, Samples]:
    """Images to train with, and to test with."""
    x, y = images_and_classes()
    return Samples(x[:TRAINED], y[:TRAINED]), Samples(x[TRAINED:], y[TRAINED:])


def compressed(model: Path, data: tuple[Samples, Samples], folder: Path, **options: Any) -> Any:
    """Compress with one epoch; without a target in the options, everything is good enough."""
    usual: dict[str, Any] = {"out": folder / "small.onnx", "epochs": 1, "final_epochs": 0}
    if "target_accuracy" not in options:
        usual["max_drop"] = 1.0
    return compress_model(model, data[0], options.pop("test", None), **{**usual, **options})


@pytest.fixture(scope="module")
def events() -> list[Event]:
    return []


@pytest.fixture(scope="module")
def found(
    model: Path,
    data: tuple[Samples, Samples],
    events: list[Event],
    tmp_path_factory: pytest.TempPathFactory,
) -> Compressed:
    """A whole search with its last fine-tuning, at a target that is no matter of course."""
    options = {"max_drop": 0.15, "epochs": 4, "final_epochs": None, "watch": events.append}
    folder = tmp_path_factory.mktemp("found")
    result: Compressed = compressed(model, data, folder, test=data[1], **options)
    return result


def share(path: Path, samples: Samples) -> float:
    """Return the top-1 of a file's integer program."""
    return float((execute(load(path), samples.x)["y"].argmax(axis=1) == samples.y).mean())


def test_accuracies_and_sizes_are_those_of_the_file(
    found: Compressed, data: tuple[Samples, Samples]
) -> None:
    _, decided = split(data[0].y, None, 0.2, 0)
    assert found.accuracies.exact
    assert found.accuracies.validation == share(found.path, data[0].take(decided))
    assert found.accuracies.test == share(found.path, data[1])
    assert found.sizes == sizes_of(load_graph(found.path), WEIGHTS)
    assert found.sizes.float32 == 32 * WEIGHTS
    assert found.sizes.ratio("dense") > 6


def test_the_result_holds_the_target(found: Compressed) -> None:
    target = found.outcome.original.score.value - 0.15
    assert found.outcome.original.score.value == found.accuracies.original
    score = found.chosen.score
    assert found.chosen.holds
    assert score.value - score.error >= target
    # The program computes what training has judged.
    assert found.accuracies.validation == pytest.approx(score.value, abs=0.011)


def test_costs_add_up(found: Compressed, events: list[Event]) -> None:
    begun = [event for event in events if isinstance(event, TrainingStarted)]
    (done,) = (event for event in events if isinstance(event, SearchDone))
    assert found.trainings == len(begun) == done.trainings + 1
    assert begun[-1].stage == "last"
    assert found.outcome.trainings == done.trainings
    assert found.seconds > found.outcome.seconds > 0
    files = list((found.work / "candidates").glob("*.npz"))
    assert len(files) == found.trainings
    labels = [event.label for event in events if isinstance(event, PhaseStarted)]
    assert labels[-2:] == ["last fine-tuning", "write the model and judge it"]


def test_the_record_says_the_same(found: Compressed) -> None:
    document = json.loads((found.work / "search.json").read_text())
    assert document == found.document
    assert document["accuracies"]["test"] == found.accuracies.test
    assert document["trainings"] == found.trainings
    assert document["sizes"]["bits"]["deflate"] == found.sizes.deflate
    options = document["options"]
    assert (options["epochs"], options["final_epochs"]) == (4, FINAL * 4)
    assert options["path"] == found.chosen.label
    assert [(found.work / f"search.{kind}").stat().st_size > 0 for kind in ("png", "svg")]
    (metadata,) = (
        entry.value for entry in onnx.load(found.path).metadata_props if entry.key == COMPRESSED
    )
    assert json.loads(metadata) == options


def test_a_search_from_nothing_gives_the_same_bytes(
    found: Compressed, model: Path, data: tuple[Samples, Samples], tmp_path: Path
) -> None:
    again = compressed(
        model, data, tmp_path, max_drop=0.15, epochs=4, final_epochs=None, work=tmp_path / "other"
    )
    assert again.path.read_bytes() == found.path.read_bytes()
    assert again.sizes == found.sizes
    names = {path.name for path in (found.work / "candidates").iterdir()}
    assert {path.name for path in (tmp_path / "other" / "candidates").iterdir()} == names
    # Without a test set nothing is said of it.
    assert (again.accuracies.original_test, again.accuracies.test) == (None, None)


def test_filters_are_balanced_in_the_file_also_after_channels_were_removed(
    model: Path, data: tuple[Samples, Samples], tmp_path: Path
) -> None:
    result = compressed(model, data, tmp_path, weights="ternary", balanced=4, floor=0.5)
    assert "ns channels" in result.chosen.label
    file = onnx.load(result.path)
    arrays = {array.name: numpy_helper.to_array(array) for array in file.graph.initializer}
    codes = [array for array in arrays.values() if array.dtype == np.int8 and array.ndim > 1]
    first, second, dense = sorted(codes, key=lambda array: (array.ndim == 2, array.shape[1]))
    assert len(first) < FILTERS[0] and len(first) % 4 == 0
    assert len(second) < FILTERS[1] and len(second) % 4 == 0
    assert dense.shape == (10, 4 * len(second))
    # The file is channels first: channel c of the input lies in bank c % 4.
    assert set(np.unique(second)) <= {-1, 0, 1}
    counts = {int(np.count_nonzero(kernel[bank::4])) for kernel in second for bank in range(4)}
    (nonzeros,) = counts
    assert 0 < nonzeros < second[0].size // 4
    checked = check_banks(load_graph(result.path))
    assert checked["conv1"] == nonzeros
    metadata = {entry.key: entry.value for entry in file.metadata_props}
    assert json.loads(metadata[BANKS])["conv1"] == {
        "banks": 4,
        "channels": "c % 4",
        "nonzeros": nonzeros,
    }


def test_where_no_rung_holds_the_original_stays(
    model: Path, data: tuple[Samples, Samples], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Slimming, "ladder", lambda stage, network: ())
    notes: list[str] = []
    result = compressed(model, data, tmp_path, stages=("ns",), note=notes.append)
    assert (result.trainings, result.chosen.label) == (0, "original")
    assert result.sizes.dense == result.sizes.float32
    assert not result.accuracies.exact
    assert "has no integer program" in notes[0]
    assert (result.work / "search.png").exists()
    assert result.path.exists()


@pytest.mark.parametrize("search", ["margin", "grid"])
def test_quantization_that_was_asked_for_is_not_left_out(
    model: Path,
    data: tuple[Samples, Samples],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    search: str,
) -> None:
    monkeypatch.setattr(Quantization, "ladder", lambda stage, network: ())
    monkeypatch.setattr(EdgeQuantization, "ladder", lambda stage, network: ())
    with pytest.raises(UsageError, match="stage iq must have a step that holds the target"):
        compressed(model, data, tmp_path, stages=("iq",), search=search)
    assert not (tmp_path / "small.onnx").exists()


def test_the_grid_is_searched_as_well(
    model: Path, data: tuple[Samples, Samples], tmp_path: Path
) -> None:
    result = compressed(model, data, tmp_path, stages=("ns",), floor=0.5, search="grid")
    # One more is what all of them start from.
    assert len(result.outcome.candidates) == result.trainings - 1 >= 4
    best = min(result.outcome.candidates, key=lambda one: one.sizes.deflate)
    assert result.chosen.label == best.label


def test_a_metric_and_validation_data_of_the_user_decide(
    model: Path, data: tuple[Samples, Samples], tmp_path: Path
) -> None:
    seen: list[int] = []

    def hits(outputs: Any, y: np.ndarray) -> float:
        seen.append(len(y))
        return float((outputs["y"].argmax(axis=1) == y).sum())

    own = data[1].take(np.arange(90))
    result = compressed(
        *(model, data, tmp_path),
        target_accuracy=1.0,
        metric=hits,
        val=own,
        stages=("iq",),
        teacher=False,
    )
    assert set(seen) == {90}
    assert result.document["metric"].endswith("hits")
    assert result.document["options"]["validation"] is None
    assert result.accuracies.validation == round(90 * share(result.path, own))


def test_the_result_takes_what_the_model_takes(
    model: Path, data: tuple[Samples, Samples], tmp_path: Path
) -> None:
    """With a mean and a standard deviation, images are normalized in front of both."""
    scaled = tmp_path / "scaled.onnx"
    proto = onnx.load(model)
    (kernels,) = (one for one in proto.graph.initializer if one.name == "kernels0")
    kernels.CopyFrom(numpy_helper.from_array(4 * numpy_helper.to_array(kernels), "kernels0"))
    onnx.save(proto, scaled)
    options = {"mean": (0,), "std": (4,), "stages": ("iq",), "test": data[1]}
    few = (data[0].take(np.arange(200)), data[1])
    result = compressed(scaled, few, tmp_path, **options)
    plain = compressed(model, few, tmp_path / "plain", stages=("iq",), test=data[1])
    assert result.accuracies.original_test == plain.accuracies.original_test
    assert result.accuracies.exact
    test = Samples((data[1].x / 4).astype(np.float32), data[1].y)
    assert result.accuracies.test == share(result.path, test)
    assert (result.document["options"]["mean"], plain.document["options"]["mean"]) == ([0.0], None)


def test_a_model_that_normalizes_by_itself_gets_a_program(
    model: Path, data: tuple[Samples, Samples], tmp_path: Path
) -> None:
    proto = onnx.load(model)
    nodes = proto.graph.node
    nodes[0].input[0] = "normal"
    nodes.insert(0, onnx.helper.make_node("Div", ["less", "std"], ["normal"], "divide"))
    nodes.insert(0, onnx.helper.make_node("Sub", ["x", "mean"], ["less"], "subtract"))
    for name, value in (("mean", 4.9), ("std", 6.0)):
        proto.graph.initializer.append(numpy_helper.from_array(np.float32(value), name))
    onnx.save(proto, tmp_path / "normal.onnx")
    few = (data[0].take(np.arange(200)), data[1])
    result = compressed(tmp_path / "normal.onnx", few, tmp_path, stages=("iq",), test=data[1])
    assert result.accuracies.exact
    assert result.accuracies.test == share(result.path, data[1])


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"out": "digits.onnx"}, UsageError, "output must be another file than the model, not "),
        ({"out": "folder"}, BuildError, "must be a file, not a folder"),
        ({"out": "file/small.onnx"}, BuildError, "file cannot be written"),
        ({"work": "file"}, BuildError, "file cannot be written"),
        ({"final_epochs": -1}, UsageError, "final_epochs must be at least 0, not -1"),
        ({"epochs": 0}, UsageError, "epochs must be at least 1, not 0"),
        ({"seed": -1}, UsageError, "seed must be at least 0, not -1"),
        ({"balanced": 99}, UsageError, "balanced must be at most 64 banks"),
        ({"validation": 1.0}, UsageError, "validation share must be above 0 and below 1, not 1"),
        ({"target_accuracy": 1.0}, UsageError, "target accuracy must be at most 0."),
        ({"metric": "no_such:f"}, UsageError, "metric 'no_such:f' must be in a module"),
    ],
)
def test_what_cannot_end_well_is_refused_before_anything_is_trained(
    model: Path,
    data: tuple[Samples, Samples],
    tmp_path: Path,
    options: dict[str, Any],
    kind: type[SangiError],
    message: str,
) -> None:
    local = tmp_path / model.name
    local.write_bytes(model.read_bytes())
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    for name in {"out", "work"} & set(options):
        options = {**options, name: tmp_path / options[name]}

    def told(event: Event) -> None:
        assert not isinstance(event, TrainingStarted)

    with pytest.raises(kind) as refused:
        compressed(local, data, tmp_path, watch=told, **options)
    assert message in str(refused.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["digits.onnx", "file", "folder"]
    assert local.read_bytes() == model.read_bytes()


def test_a_result_is_not_compressed_again(
    found: Compressed, data: tuple[Samples, Samples], tmp_path: Path
) -> None:
    with pytest.raises(UnsupportedError, match="model must be float to be compressed, not quanti"):
        compressed(found.path, data, tmp_path)
    assert read_float(found.path).metadata[COMPRESSED]


def test_sizes_have_a_ratio_even_without_bits() -> None:
    assert Sizes(0, 0, 0, 0, float32=32).ratio("dense") == float("inf")
