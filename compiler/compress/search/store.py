"""Trained networks on disk, so that a search that was stopped goes on where it was.

One file a training, ``KEY.npz``: ``document`` (JSON as UTF-8 bytes, see ``codec``) and the arrays
that it names, ``0``, ``1``, …. It is written beside its place and renamed, and it carries a digest
of its contents: a file that is torn, damaged or not ours is as good as none. Beside it,
``KEY.begun`` has one byte for each time that the training began.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ....runtime.errors import BuildError
from ....runtime.store import DAMAGE
from ...npz import write_npz
from ..network import Network
from ..trainer import Score
from .codec import Array, decode_network, digest, encode_network

_SCHEMA = "sangi.candidate/1"
_DOCUMENT = "document"


@dataclass(frozen=True, eq=False)
class Stored:
    """What one training left.

    Attributes
    ----------
    network : Network
    score : Score or None
        None where the network was not judged: what a stage starts from.
    trainings : int
        How many it took.
    seconds : float
        Wall-clock time that it took.
    """

    network: Network
    score: Score | None
    trainings: int
    seconds: float


@dataclass(frozen=True)
class Store:
    """A folder of trainings, by key (hexadecimal digits); made where it is missing.

    Two searches may use one folder, also at the same time: what they write under one key is equal.
    """

    folder: Path

    def load(self, key: str) -> Stored | None:
        """Return what is stored, None where there is nothing that can be trusted."""
        try:
            with np.load(self._file(key), allow_pickle=False) as archive:
                document = json.loads(archive[_DOCUMENT].tobytes().decode())
                arrays = [archive[str(number)] for number in range(len(archive.files) - 1)]
            claimed = document.pop("digest")
            if claimed != digest(document, arrays):
                return None
            if (document["schema"], document["key"]) != (_SCHEMA, key):
                return None
            score = document["score"]
            return Stored(
                network=decode_network(document["network"], arrays),
                score=None if score is None else Score(*score),
                trainings=document["trainings"],
                seconds=document["seconds"],
            )
        except DAMAGE:
            return None

    def save(self, key: str, stored: Stored) -> None:
        """Store what a training left; it appears complete or not at all.

        Raises
        ------
        BuildError
            If the file cannot be written.
        """
        arrays: list[Array] = []
        score = stored.score
        document = {
            "schema": _SCHEMA,
            "key": key,
            "network": encode_network(stored.network, arrays),
            "score": None if score is None else [float(score.value), float(score.error)],
            "trainings": stored.trainings,
            "seconds": stored.seconds,
        }
        document["digest"] = digest(document, arrays)
        text = np.frombuffer(json.dumps(document).encode(), np.uint8)
        self._make()
        for torn in self.folder.glob(f".*.{key}.npz"):  # of a writer that was killed
            with suppress(OSError):
                torn.unlink()
        named = {str(number): array for number, array in enumerate(arrays)}
        write_npz(self._file(key), {_DOCUMENT: text, **named})

    def begin(self, key: str) -> None:
        """Note that a training begins.

        Raises
        ------
        BuildError
            If the folder cannot be written.
        """
        self._make()
        try:
            with self._begun(key).open("ab") as stream:
                stream.write(b"|")
        except OSError as error:
            raise _unwritable(self.folder, error) from error

    def begun(self, key: str) -> int:
        """Return how often a training began."""
        try:
            return self._begun(key).stat().st_size
        except OSError:
            return 0

    def _file(self, key: str) -> Path:
        return self.folder / f"{key}.npz"

    def _begun(self, key: str) -> Path:
        return self.folder / f"{key}.begun"

    def _make(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(self.folder, error) from error


def _unwritable(folder: Path, error: OSError) -> BuildError:
    reason = error.strerror or type(error).__name__
    return BuildError(f"folder {folder} cannot be written: {reason}; choose another with --work")
