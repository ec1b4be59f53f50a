from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from sangi.compiler.compress.search.codec import network_digest
from sangi.compiler.compress.search.store import Store, Stored
from sangi.compiler.compress.trainer import Score
from sangi.runtime.errors import BuildError

from .imitation import network

KEY = "0123456789abcdef" * 2
STORED = Stored(network(), Score(0.1 + 0.2, 1e-3), 2, 1.5)


def file(folder: Path) -> Path:
    return folder / f"{KEY}.npz"


def test_what_is_stored_comes_back(tmp_path: Path) -> None:
    store = Store(tmp_path / "a" / "b")
    store.save(KEY, STORED)
    loaded = store.load(KEY)
    assert loaded is not None
    assert (loaded.score, loaded.trainings, loaded.seconds) == (STORED.score, 2, 1.5)
    assert network_digest(loaded.network) == network_digest(STORED.network)


def test_equal_trainings_give_equal_bytes(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        Store(tmp_path / folder).save(KEY, STORED)
    assert file(tmp_path / "a").read_bytes() == file(tmp_path / "b").read_bytes()


def test_nothing_is_stored_under_other_keys(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.load(KEY) is None
    store.save(KEY, STORED)
    other = KEY[::-1]
    assert store.load(other) is None
    file(tmp_path).rename(tmp_path / f"{other}.npz")
    assert store.load(other) is None


def test_a_torn_file_is_as_good_as_none(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.save(KEY, STORED)
    whole = file(tmp_path).read_bytes()
    for length in (0, 1, 30, len(whole) // 2, len(whole) - 100, len(whole) - 1):
        file(tmp_path).write_bytes(whole[:length])
        assert store.load(KEY) is None, length
    store.save(KEY, STORED)
    assert file(tmp_path).read_bytes() == whole


def test_a_damaged_file_is_as_good_as_none(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.save(KEY, STORED)
    whole = file(tmp_path).read_bytes()
    random = np.random.default_rng(0)
    trusted = 0
    for place in random.choice(len(whole), 300, replace=False).tolist():
        file(tmp_path).write_bytes(
            whole[:place]
            + bytes([whole[place] ^ (1 << int(random.integers(8)))])
            + whole[place + 1 :]
        )
        loaded = store.load(KEY)
        # Dates and the like in the archive's headers mean nothing; what is loaded is never wrong.
        if loaded is not None:
            trusted += 1
            assert network_digest(loaded.network) == network_digest(STORED.network)
            assert loaded.score == STORED.score
    assert trusted < 150


@pytest.mark.parametrize(
    ("sound", "damaged"),
    [
        (b"PK\x01\x02-\x03-\x00\x00", b"PK\x01\x02-\x03-\x00\x01"),  # encrypted, it says
        (b"'shape': (", b"'shape': (("),
        (b"'descr': '<f8'", b"'descr': '<f9'"),
    ],
)
def test_damage_that_zipfile_and_numpy_have_errors_of_their_own_for(
    tmp_path: Path, sound: bytes, damaged: bytes
) -> None:
    store = Store(tmp_path)
    store.save(KEY, STORED)
    whole = file(tmp_path).read_bytes()
    assert sound in whole
    file(tmp_path).write_bytes(whole.replace(sound, damaged))
    assert store.load(KEY) is None


@pytest.mark.parametrize("content", ["array", "pickle", "text"])
def test_a_foreign_file_is_as_good_as_none(tmp_path: Path, content: str) -> None:
    if content == "array":
        with file(tmp_path).open("wb") as stream:
            np.savez(stream, document=np.zeros(3))
    elif content == "pickle":
        with file(tmp_path).open("wb") as stream:
            np.savez(stream, document=np.array([{}], dtype=object))
    else:
        file(tmp_path).write_bytes(pickle.dumps("text"))
    assert Store(tmp_path).load(KEY) is None


def test_what_a_killed_writer_left_is_removed(tmp_path: Path) -> None:
    left = tmp_path / f".0badc0de.{KEY}.npz"
    left.write_bytes(b"half")
    Store(tmp_path).save(KEY, STORED)
    assert [path.name for path in tmp_path.iterdir()] == [f"{KEY}.npz"]


def test_beginnings_are_counted(tmp_path: Path) -> None:
    store = Store(tmp_path / "new")
    assert store.begun(KEY) == 0
    store.begin(KEY)
    store.begin(KEY)
    assert Store(tmp_path / "new").begun(KEY) == 2


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = Store(tmp_path / "file" / "below")
    for action in (lambda: store.begin(KEY), lambda: store.save(KEY, STORED)):
        with pytest.raises(BuildError, match=r"cannot be written: .*; choose another with --work"):
            action()
