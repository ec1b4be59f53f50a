"""Notes of a whole compilation; its results are tested through the command line."""

from pathlib import Path
from typing import Any

import pytest

from sangi.compiler import compile as subject
from sangi.runtime.errors import ToolError

TINY = Path(__file__).parents[2] / "examples" / "digits" / "digits_tiny.onnx"


def stopped(*_: Any) -> None:
    raise ToolError("stopped before place and route")


@pytest.mark.parametrize("target_fps", [None, 1000])
def test_a_circuit_faster_than_its_link_is_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target_fps: float | None
) -> None:
    monkeypatch.setattr(subject, "check_tools", lambda board: None)
    monkeypatch.setattr(subject, "make_bitstream", stopped)
    notes: list[str] = []
    with pytest.raises(ToolError, match="stopped before place and route"):
        subject.compile_model(
            TINY,
            "ulx3s_85f",
            out=tmp_path / "b",
            target_fps=target_fps,
            bitstream=True,
            note=notes.append,
        )
    assert list(tmp_path.iterdir()) == []
    if target_fps is not None:
        assert notes == []
    else:
        (line,) = notes
        assert line.endswith(
            "the link carries 3,750; --target-fps 3750 gives a smaller one, routed sooner"
        )


@pytest.mark.parametrize(("clock_mhz", "levels"), [("auto", 1), (60.0, None), (None, None)])
def test_the_highest_clock_has_one_adder_between_registers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock_mhz: Any, levels: int | None
) -> None:
    asked: list[int | None] = []

    def mapped(*_: Any, **options: Any) -> None:
        asked.append(options["levels"])
        stopped()

    monkeypatch.setattr(subject, "check_tools", lambda board: None)
    monkeypatch.setattr(subject, "map_program", mapped)
    with pytest.raises(ToolError, match="stopped"):
        subject.compile_model(
            TINY, "ulx3s_85f", out=tmp_path / "b", clock_mhz=clock_mhz, bitstream=True
        )
    assert asked == [levels]
