"""Every kind of broken or unmappable model ends with its exit code and one helpful message."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from sangi.compiler.cli.main import main

from ..onnx_io.broken.kind import Broken, sound
from ..onnx_io.broken.kinds import KINDS

#: Seconds; a quiet machine needs less than one for any of them but the million nodes.
LIMIT = 20


def compiled(path: Path, *options: str) -> int:
    """Run ``sangi compile`` in this process and return its exit code."""
    build = path.parent / "new" / "build"
    sys.argv = ["sangi", "compile", str(path), "--board", "icebreaker", "-o", str(build), *options]
    try:
        main()
    except SystemExit as done:
        return int(done.code or 0)
    return 0


def test_the_sound_network_compiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [])
    path = tmp_path / "net.onnx"
    path.write_bytes(sound().SerializeToString())
    assert compiled(path) == 0


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_broken_model(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    kind: Broken,
) -> None:
    monkeypatch.setattr(sys, "argv", [])
    monkeypatch.setenv("COLUMNS", "200")
    path = kind.write(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    start = time.monotonic()
    code = compiled(path, *kind.options)
    seconds = time.monotonic() - start
    said = capsys.readouterr()
    assert code == kind.code, said.err
    assert said.out == ""
    assert "Traceback" not in said.err
    assert "defect" not in said.err
    for words in kind.words:
        assert words in " ".join(said.err.split()), said.err
    assert sorted(tmp_path.rglob("*")) == before
    assert seconds < LIMIT
