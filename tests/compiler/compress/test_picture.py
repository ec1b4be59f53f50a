"""The picture of a search."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sangi.compiler.compress.history import history_of
from sangi.compiler.compress.picture import write_picture
from sangi.runtime.errors import UsageError

from .searched import AT_LAST, EVENTS


def draw(path: Path, metric: str = "top-1") -> bytes:
    write_picture(
        history_of(EVENTS),
        path,
        title="net.onnx",
        metric=metric,
        result=(AT_LAST.score, AT_LAST.sizes),
    )
    return path.read_bytes()


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_the_same_search_gives_the_same_bytes(tmp_path: Path, suffix: str) -> None:
    first = draw(tmp_path / f"first{suffix}")
    assert first == draw(tmp_path / f"second{suffix}")
    assert first.startswith(b"\x89PNG" if suffix == ".png" else b"<?xml")


def test_stages_target_path_and_result_are_named(tmp_path: Path) -> None:
    text = draw(tmp_path / "search.svg").decode()
    # matplotlib draws letters as paths, and leaves what they say in comments.
    said = re.findall(r"<!-- (.*?) -->", text)
    for label in ("target", "iq 1", "iq 2", "ns", "last", "path taken", "original", "result"):
        assert label in said
    assert "top-1 on the validation part, %" in said
    assert "mse:f on the validation part" in re.findall(
        r"<!-- (.*?) -->", draw(tmp_path / "own.svg", "mse:f").decode()
    )


def test_other_formats_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"search\.pdf must end in \.png or \.svg$"):
        draw(tmp_path / "search.pdf")
