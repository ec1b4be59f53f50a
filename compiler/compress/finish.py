"""The last, longer fine-tuning of what a search has chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .network import Network
from .search.judge import Found
from .stages.base import Rung, Stage
from .trainer import Trainer

LAST = Rung("fine-tuned", 1.0)


@dataclass(frozen=True)
class Finish(Stage):
    """Train on, with nothing made smaller: one rung, taken unless it is worse (``better``).

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


def better(chosen: Found, tuned: Found) -> Found:
    """Return the last fine-tuning's result unless it does worse by more than chance.

    It was trained longer: within a standard error that says more than the validation images do.

    Parameters
    ----------
    chosen, tuned : Found
        Before and after.
    """
    before, after = chosen.candidate.score, tuned.candidate.score
    as_good = after.value >= before.value - after.error
    return tuned if tuned.candidate.holds and as_good else chosen
