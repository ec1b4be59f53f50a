"""Training and judging one candidate, or taking it from the store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from time import perf_counter

from ....runtime.errors import UsageError
from ...quantize.ranges import Range
from ..network import Network
from ..sizes import Sizes
from ..stages.base import Rung, Stage
from ..trainer import Score, Trainer
from .codec import digest, network_digest, value_digest
from .events import BaseDone, Candidate, CandidateDone, Event, Step, TrainingStarted
from .store import Store, Stored

#: Hexadecimal digits of a key: 128 bits; and of it those of a seed.
_DIGITS = 32
_SEED_DIGITS = 8


def ignore(event: Event) -> None:
    """Watch nothing."""


@dataclass(frozen=True, eq=False)
class Found:
    """A network that was judged.

    Attributes
    ----------
    network : Network
    candidate : Candidate
    """

    network: Network
    candidate: Candidate


@dataclass(frozen=True, eq=False)
class Base:
    """What the rungs of a stage start from.

    Attributes
    ----------
    network : Network
    key : str
        Of the store.
    trainings : int
        1 where it was trained, 0 where it is the stage's start itself.
    broken_off : int
        Trainings that were begun and did not come to an end.
    seconds : float
    """

    network: Network
    key: str
    trainings: int = 0
    broken_off: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, eq=False)
class Judge:
    """All that candidates are trained and judged by.

    Attributes
    ----------
    trainer : Trainer
    target : float
        Least score less its standard error of a candidate that holds.
    measure : function of Network to Sizes
    store : Store or None
        None keeps nothing.
    seed : int
        Of every training.
    context : str
        Digest of everything else that a training depends on: data and training options.
        Candidates of another context are other candidates.
    watch : function of Event
    """

    trainer: Trainer
    target: float
    measure: Callable[[Network], Sizes]
    store: Store | None = None
    seed: int = 0
    context: str = ""
    watch: Callable[[Event], None] = ignore

    def original(self, network: Network) -> Found:
        """Return the network that a search starts from, judged.

        Raises
        ------
        UsageError
            If it misses the target itself.
        """
        started = perf_counter()
        score = self.trainer.score(network)
        if not self._holds(score):
            raise UsageError(
                f"target accuracy must be at most {score.value:.4f}, the original network's on the "
                f"validation split, not {self.target:.4f}; choose a lower --target-accuracy or "
                "use --max-drop"
            )
        key = digest([network_digest(network), self.context])[:_DIGITS]
        candidate = Candidate(
            steps=(),
            score=score,
            sizes=self.measure(network),
            holds=True,
            trainings=0,
            seconds=perf_counter() - started,
            restored=False,
            key=key,
        )
        return Found(network, candidate)

    def base(self, parent: Found, number: int, stage: Stage) -> Base:
        """Return what the rungs of a stage start from, trained where the stage wants that."""
        key = self._key(parent.candidate.key, "base", stage)
        stored = self._load(key)
        restored = stored is not None
        if stored is None:
            started = perf_counter()

            def begin() -> None:
                self._begin(key)
                self.watch(TrainingStarted(stage.name, number, None))

            trainer = _Counted(self.trainer, begin)
            network = stage.base(parent.network, trainer, _seed(key))
            if network is None:
                return Base(parent.network, parent.candidate.key)
            stored = Stored(network, None, trainer.trainings, perf_counter() - started)
            self._save(key, stored)
        self.watch(BaseDone(stage.name, number, stored.seconds, restored))
        broken_off = self._broken_off(key, stored)
        return Base(stored.network, key, stored.trainings, broken_off, stored.seconds)

    def rung(self, parent: Found, base: Base, number: int, stage: Stage, rung: Rung) -> Found:
        """Return a candidate: the stage applied to its base at a rung, trained and judged."""
        steps = (*parent.candidate.steps, Step(stage.name, number, rung))
        key = self._key(base.key, "rung", stage, rung)
        stored = self._load(key)
        restored = stored is not None and stored.score is not None
        if stored is None or stored.score is None:
            started = perf_counter()
            self.watch(TrainingStarted(stage.name, number, rung))
            trainer = _Counted(self.trainer, lambda: self._begin(key))
            network = trainer.train(stage.apply(base.network, rung, trainer), _seed(key))
            score = self.trainer.score(network)
            stored = Stored(network, score, trainer.trainings, perf_counter() - started)
            self._save(key, stored)
        else:
            score = stored.score
        candidate = Candidate(
            steps=steps,
            score=score,
            sizes=self.measure(stored.network),
            holds=self._holds(score),
            trainings=stored.trainings,
            seconds=stored.seconds,
            restored=restored,
            key=key,
            broken_off=self._broken_off(key, stored),
        )
        self.watch(CandidateDone(candidate))
        return Found(stored.network, candidate)

    def _holds(self, score: Score) -> bool:
        return score.value - score.error >= self.target

    def _key(self, parent: str, kind: str, stage: Stage, *options: object) -> str:
        parts = [parent, kind, type(stage).__name__, value_digest(stage)]
        return digest([*parts, *map(value_digest, options), self.seed, self.context])[:_DIGITS]

    def _load(self, key: str) -> Stored | None:
        return None if self.store is None else self.store.load(key)

    def _save(self, key: str, stored: Stored) -> None:
        if self.store is not None:
            self.store.save(key, stored)

    def _begin(self, key: str) -> None:
        if self.store is not None:
            self.store.begin(key)

    def _broken_off(self, key: str, stored: Stored) -> int:
        return 0 if self.store is None else max(0, self.store.begun(key) - stored.trainings)


def _seed(key: str) -> int:
    """Return the seed of one training: other candidates see images in another order, and others."""
    return int(key[:_SEED_DIGITS], 16)


class _Counted(Trainer):
    """A trainer that counts its trainings and tells when one begins."""

    def __init__(self, trainer: Trainer, begin: Callable[[], None]) -> None:
        self._trainer = trainer
        self._begin = begin
        self.trainings = 0

    def train(self, network: Network, seed: int, *, slimming: float = 0.0) -> Network:
        self._begin()
        self.trainings += 1
        return self._trainer.train(network, seed, slimming=slimming)

    def score(self, network: Network) -> Score:
        return self._trainer.score(network)

    def ranges(self, network: Network, nodes: Iterable[str], bits: int) -> Mapping[str, Range]:
        return self._trainer.ranges(network, nodes, bits)
