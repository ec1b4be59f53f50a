"""What a stage of compression is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from ..network import Network
from ..trainer import Trainer


@dataclass(frozen=True)
class Rung:
    """One step of a stage's ladder.

    Attributes
    ----------
    label : str
        Short, for tables, plots and names of candidates; unique within the ladder: ``w4 a4``.
    amount : float
        How far this is, increasing along the ladder; the horizontal axis of plots.
    """

    label: str
    amount: float


@dataclass(frozen=True)
class Stage(ABC):
    """A way to make networks smaller, in steps; its fields are its options.

    A stage that has several independent ladders (body, then first and last layer) is several
    Stage values, walked one after the other.
    """

    #: Short, for options, tables and folders: ``iq``, ``ns``, ``dc``.
    name: ClassVar[str]

    @abstractmethod
    def ladder(self, network: Network) -> tuple[Rung, ...]:
        """Return the rungs that would make this network smaller, in increasing order."""

    def base(self, network: Network, trainer: Trainer, seed: int) -> Network | None:
        """Return what the rungs start from where it must be trained first, else None.

        A training whose result does not count as a candidate (slimming separates channels by it).
        """
        return None

    @abstractmethod
    def apply(self, network: Network, rung: Rung, trainer: Trainer) -> Network:
        """Return the network at this rung, not trained yet; what holds already stays on."""
