"""The last, longer fine-tuning of what a search has chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .network import Network
from .stages.base import Rung, Stage
from .trainer import Trainer

LAST = Rung("fine-tuned", 1.0)


@dataclass(frozen=True)
class Finish(Stage):
    """Train on, with nothing made smaller: one rung, whose result is taken where it is better.

    Attributes
    ----------
    epochs : int
        Of that training; the trainer has as many.
    """

    name: ClassVar[str] = "last"

    epochs: int

    def ladder(self, network: Network) -> tuple[Rung, ...]:
        """Return the one rung."""
        return (LAST,)

    def apply(self, network: Network, rung: Rung, trainer: Trainer) -> Network:
        """Return the network as it is."""
        return network
