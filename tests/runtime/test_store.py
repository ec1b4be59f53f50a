"""Program files: the same value, the same bytes, and one message for every damage."""

import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sangi.runtime.errors import BuildError, UsageError
from sangi.runtime.program import Program
from sangi.runtime.store import load_program, save_program


@pytest.fixture
def path(program: Program, tmp_path: Path) -> Path:
    target = tmp_path / "program.sangi"
    save_program(program, target)
    return target


def rewrite(path: Path, change: Callable[[str, bytes], bytes | None]) -> None:
    """Write the archive again with changed (or, for None, missing) members."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            result = change(name, content)
            if result is not None:
                archive.writestr(name, result)


def test_round_trip(program: Program, path: Path) -> None:
    loaded = load_program(path)
    assert loaded.digest == program.digest
    assert loaded.types == program.types
    x = np.random.default_rng(2).integers(0, 256, (4, 6, 6, 2)).astype(np.uint8)
    expected, result = program.run(x), loaded.run(x)
    assert all(np.array_equal(expected[name], result[name]) for name in expected)
    assert loaded.outputs[0].after == ()
    assert loaded.outputs[1].after[1].attributes == {"shape": [1, 3]}


def test_same_bytes(program: Program, path: Path, tmp_path: Path) -> None:
    again, third = tmp_path / "again", tmp_path / "third"
    save_program(program, again)
    save_program(load_program(path), third)
    assert path.read_bytes() == again.read_bytes() == third.read_bytes()


def test_holds_no_pickle(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        assert "program.json" in archive.namelist()
        for name in archive.namelist():
            assert archive.getinfo(name).date_time == (1980, 1, 1, 0, 0, 0)
            if name.endswith(".npy"):
                assert b"'descr': '|O'" not in archive.read(name)


def test_refuses_pickled_arrays(path: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "evil.npy", np.array([{}], dtype=object), allow_pickle=True)
    evil = (tmp_path / "evil.npy").read_bytes()
    rewrite(path, lambda name, content: evil if name == "node.1.weights.npy" else content)
    with pytest.raises(BuildError, match="must be an undamaged program"):
        load_program(path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no such file"):
        load_program(tmp_path / "nothing.sangi")


@pytest.mark.parametrize("kept", [0, 1, 100, 0.5, 0.99])
def test_truncated(path: Path, kept: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(kept if kept >= 1 else kept * len(content))])
    with pytest.raises(BuildError, match=re.escape(str(path))):
        load_program(path)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_any_changed_byte_is_harmless_or_refused(
    program: Program, path: Path, place: float, flip: int
) -> None:
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= flip
    damaged = path.with_name("damaged")
    damaged.write_bytes(content)
    try:
        loaded = load_program(damaged)
    except BuildError as error:
        assert str(damaged) in str(error)
    else:
        # Dates and attributes of the archive mean nothing to the program.
        assert loaded.digest == program.digest


def test_changed_weight_is_named_by_the_digest(path: Path) -> None:
    def flip(name: str, content: bytes) -> bytes:
        return (
            content[:-8] + bytes([content[-8] ^ 1]) + content[-7:]
            if name == "node.1.weights.npy"
            else content
        )

    rewrite(path, flip)
    with pytest.raises(BuildError, match="must have the digest"):
        load_program(path)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [("format", 99, "must have format 1, not 99"), ("program", [], "must be an undamaged")],
)
def test_other_heads(path: Path, key: str, value: object, message: str) -> None:
    def change(name: str, content: bytes) -> bytes:
        return (
            json.dumps({**json.loads(content), key: value}).encode()
            if name == "program.json"
            else content
        )

    rewrite(path, change)
    with pytest.raises(BuildError, match=message):
        load_program(path)


@pytest.mark.parametrize("missing", ["program.json", "node.1.weights.npy", "output.0.scale.npy"])
def test_missing_member(path: Path, missing: str) -> None:
    rewrite(path, lambda name, content: None if name == missing else content)
    with pytest.raises(BuildError, match="must be an undamaged program"):
        load_program(path)
