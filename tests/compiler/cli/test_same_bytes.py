"""The same compile gives the same bytes, wherever and under whatever hash seed."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

DIGITS = Path(__file__).parents[3] / "examples" / "digits"
Command = Callable[..., subprocess.CompletedProcess[str]]


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a build but those that may differ."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder).parts[0] not in {"log", "results"}
    }


@pytest.mark.parametrize("board", ["ulx3s_85f", "pynq_z2"])
def test_two_folders_and_two_hash_seeds(tmp_path: Path, run_sangi: Command, board: str) -> None:
    first, second = tmp_path / "a", tmp_path / "elsewhere" / "b"
    for seed, out in (("1", first), ("2", second)):
        done = run_sangi(
            *("compile", DIGITS / "digits_tiny.onnx", "--board", board, "-o", out),
            PYTHONHASHSEED=seed,
        )
        assert done.returncode == 0, done.stderr
    files = contents(first)
    assert files == contents(second)
    assert {"report.json", "program.sangi", "rtl/core.v", "testbench/manifest.json"} <= set(files)
    assert ("project/top.v" in files) == (board == "ulx3s_85f")
    for name, content in files.items():
        assert str(tmp_path).encode() not in content, name
