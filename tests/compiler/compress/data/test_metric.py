"""Metrics by name, and how sure a difference is."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sangi.compiler.accuracy import Outputs
from sangi.compiler.compress.data.metric import TOP1, Metric, load_metric
from sangi.compiler.compress.data.samples import Array
from sangi.runtime.errors import UsageError


def logits(right: Array, y: Array) -> dict[str, Array]:
    """Outputs of two classes that are right where said."""
    return {"scores": np.eye(2, dtype=np.float32)[np.where(right, y, 1 - y)]}


def accuracy(outputs: Outputs, y: Array) -> float:
    return float(np.mean(outputs["scores"].argmax(axis=1) == y))


def test_top1_error_is_that_of_paired_differences() -> None:
    random = np.random.default_rng(0)
    y = random.integers(0, 2, 400)
    first, second = random.random(400) < 0.9, random.random(400) < 0.8
    found = TOP1.standard_error(logits(first, y), logits(second, y), y)
    gained = (~first & second).sum() / 400
    lost = (first & ~second).sum() / 400
    # McNemar's variance of a difference of two shares on the same images.
    expected = math.sqrt((gained + lost - (gained - lost) ** 2) / 400)
    assert found == pytest.approx(expected, rel=1e-12)
    assert TOP1(logits(first, y), y) == pytest.approx(first.mean())


def test_equal_outputs_differ_by_nothing() -> None:
    y = np.zeros(50, np.int64)
    outputs = logits(np.arange(50) % 3 > 0, y)
    assert TOP1.standard_error(outputs, outputs, y) == 0
    assert load_metric(accuracy).standard_error(outputs, outputs, y) == 0


def test_bootstrap_gives_the_closed_form_of_top1() -> None:
    random = np.random.default_rng(2)
    y = random.integers(0, 2, 500)
    first, second = (logits(random.random(500) < share, y) for share in (0.95, 0.9))
    own = load_metric(accuracy)
    found = own.standard_error(first, second, y, seed=4)
    assert found == pytest.approx(TOP1.standard_error(first, second, y), rel=0.2)
    assert found == own.standard_error(first, second, y, seed=4)


def test_a_function_by_name_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own_metric_of_test.py").write_text(
        "def negative_mse(outputs, y):\n    return -((outputs['out'] - y) ** 2).mean()\n"
    )
    monkeypatch.chdir(tmp_path)
    before = list(sys.path)
    metric = load_metric("own_metric_of_test:negative_mse")
    assert sys.path == before
    monkeypatch.delitem(sys.modules, "own_metric_of_test")
    assert metric.name == "own_metric_of_test:negative_mse"
    assert metric({"out": np.array([1.0, 3.0])}, np.array([1.0, 1.0])) == -2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("accuracy", r"^metric must be module:function, not 'accuracy'$"),
        (":f", r"^metric must be module:function, not ':f'$"),
        (
            "no_such.part:f",
            r"^metric 'no_such.part:f' must be in a module that Python finds, and there is no "
            r"module no_such; it looks in the current folder and in PYTHONPATH$",
        ),
        ("math:nothing", r"^metric 'math:nothing' must be a function, and math has no nothing\(\)"),
        ("math:pi", r"^metric 'math:pi' must be a function, and math has no pi\(\)$"),
    ],
)
def test_metrics_that_are_not_there(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_metric(text)


def test_modules_that_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "failing_metric_of_test.py").write_text("1 / 0\n")
    (tmp_path / "lacking_metric_of_test.py").write_text("import no_such_package_of_test\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UsageError, match=r"cannot be imported: ZeroDivisionError: division by"):
        load_metric("failing_metric_of_test:f")
    with pytest.raises(UsageError, match=r"cannot be imported: No module named 'no_such_package"):
        load_metric("lacking_metric_of_test:f")


def test_functions_that_give_no_number() -> None:
    y = np.zeros(2, np.int64)
    for value in (math.nan, None, "much"):
        metric = Metric("own:f", lambda outputs, y, value=value: value)  # type: ignore[misc]
        with pytest.raises(UsageError, match=r"^metric own:f must give a finite number, not "):
            metric({"out": y}, y)
    failing = Metric("own:f", lambda outputs, y: outputs["none"])
    message = r"^metric own:f must give a number .*, and it failed: KeyError: 'none'$"
    with pytest.raises(UsageError, match=message):
        failing({"out": y}, y)


def test_another_version_of_a_function_is_another_metric(tmp_path: Path) -> None:
    def metric(text: str) -> Metric:
        path = tmp_path / "versions_of_a_metric.py"
        path.write_text(f"def score(outputs, y):\n    return {text}\n")
        found: dict[str, Any] = {"__name__": path.stem}
        exec(compile(path.read_text(), str(path), "exec"), found)
        return load_metric(found["score"])

    assert metric("1.0").name == metric("2.0").name
    assert metric("1.0").digest == metric("1.0").digest != metric("2.0").digest
    typed = [load_metric(eval(text)) for text in ("lambda o, y: 1.0", "lambda o, y: len(y)")]
    assert typed[0].digest != typed[1].digest
    assert len(load_metric(math.fsum).digest) == 64
