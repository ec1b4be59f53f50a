"""What stages and searches need of training; torch implements it, tests may imitate it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..quantize.ranges import Range
from .network import Network


@dataclass(frozen=True)
class Score:
    """How good a network is on the validation split.

    Attributes
    ----------
    value : float
        The metric: top-1 as a share, or the user's own; higher is better.
    error : float
        One standard error of its difference to the original network on the same images.
    """

    value: float
    error: float


class Trainer(ABC):
    """Trains and judges networks on fixed data.

    Every method is a function of its arguments: the same network and seed give the same result.
    """

    @abstractmethod
    def train(self, network: Network, seed: int, *, slimming: float = 0.0) -> Network:
        """Return the network fine-tuned under its rules and quantizers.

        Parameters
        ----------
        network : Network
        seed : int
            Of the order of images and of their shifts.
        slimming : float
            Strength of the L1 penalty on the gammas of Norm (Liu et al. 2017).
        """

    @abstractmethod
    def score(self, network: Network) -> Score:
        """Return the score on the validation split."""

    @abstractmethod
    def ranges(self, network: Network, nodes: Iterable[str], bits: int) -> Mapping[str, Range]:
        """Return for each node the range that a grid of ``bits`` bits should cover.

        That of the least mean squared error (``quantize.ranges.best_range``) on calibration frames
        of the training split.
        """
