"""``sangi compile --verify-each`` from end to end, with the right passes and with a wrong one."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import pytest

from sangi.compiler import survey
from sangi.compiler.cli.main import main
from sangi.compiler.ir.graph import Graph
from sangi.compiler.ir.ops.dense import Dense
from sangi.compiler.passes.base import Pass
from sangi.compiler.passes.pipeline import QUANTIZED_PASSES

DIGITS = Path(__file__).parents[3] / "examples" / "digits"


@dataclass(frozen=True)
class Halves(Pass):
    """Forgets a bit of the last layer's weights."""

    name: ClassVar[str] = "halves"

    def __call__(self, graph: Graph) -> Graph:
        layers = [name for name in graph.order() if isinstance(graph.op(name), Dense)]
        op = graph.op(layers[-1])
        assert isinstance(op, Dense)
        return graph.with_ops({layers[-1]: replace(op, weight=op.weight // 2)})


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["sangi", *map(str, arguments)])
    with pytest.raises(SystemExit) as caught:
        main()
    assert isinstance(caught.value.code, int)
    return caught.value.code


def test_right_passes_leave_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    build = tmp_path / "build"
    model = DIGITS / "digits_tiny.onnx"
    options = ("--board", "icebreaker", "--verify-each", "-o", build)
    assert run(monkeypatch, "compile", model, *options) == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if "verified" in line]
    assert len(lines) == 1
    assert lines[0].startswith("note: verified: ") and lines[0].endswith("compared on 4 frames")
    assert (build / "report.json").is_file()


def test_a_wrong_pass_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    passes = (*QUANTIZED_PASSES[:1], Halves(), *QUANTIZED_PASSES[1:])
    monkeypatch.setattr(survey, "QUANTIZED_PASSES", passes)
    build = tmp_path / "build"
    model = DIGITS / "digits_tiny.onnx"
    options = ("--board", "icebreaker", "--verify-each", "-o", build)
    assert run(monkeypatch, "compile", model, *options) == 1
    error = next(
        line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")
    )
    assert error.startswith("error: pass 'halves' changed a number: node '")
    assert ", frame 0, element 0: " in error
    assert error.endswith("; this is a defect of sangi, not of the model: please report it")
    assert list(tmp_path.iterdir()) == []
