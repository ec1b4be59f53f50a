"""IQ, integer quantization: fewer bits for weights and activations, down to ternary weights."""

from __future__ import annotations

from dataclasses import dataclass
from math import erf, sqrt
from typing import ClassVar

from ..activations import quantize_activations
from ..edges import body_layers, edge_layers
from ..network import Network
from ..rule import BalancedTernary, Integer, Ternary
from ..trainer import Trainer
from .base import Rung, Stage
from .steps import Step, check_steps, coarsened, rungs_of, step_of

INTEGER_STEPS = tuple(
    Step(Integer(weights), activations)
    for weights, activations in ((8, 8), (6, 6), (5, 5), (4, 4), (3, 4), (2, 4), (2, 3), (2, 2))
)
"""Codes of 2 bits are -1, 0 and +1: the last steps are ternary as well, without a searched ρ."""


def ternary_steps(
    thresholds: tuple[float, ...] = (0.1, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6),
    activations: int = 4,
    most: float = 1.0,
) -> tuple[Step, ...]:
    """Return steps of ternary weights with increasing ρ.

    A hidden weight of 1 is three root mean squares, so ρ = 0.1 … 0.6 makes 24 … 93 % of normally
    distributed weights zero; thresholds that make more of them zero than ``most`` are left out.
    """
    fitting = (threshold for threshold in thresholds if erf(3 * threshold / sqrt(2)) <= most)
    return tuple(Step(Ternary(threshold), activations) for threshold in fitting)


def balanced_steps(
    banks: int,
    zeros: tuple[float, ...] = (0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95),
    activations: int = 4,
    most: float = 1.0,
) -> tuple[Step, ...]:
    """Return steps of ternary weights with more and more zeros, up to ``most``, alike in banks."""
    return tuple(
        Step(BalancedTernary(share, banks), activations) for share in zeros if share <= most
    )


@dataclass(frozen=True)
class Quantization(Stage):
    """Fewer bits for the weights of the body, and for all activations.

    First and last layers and depthwise convolutions (see ``edges``) get ``edge_bits`` here; the
    stage ``EdgeQuantization`` lowers them further. The input keeps 8 bits.

    Attributes
    ----------
    steps : tuple of Step
        Every one with bits of activations; each further than the one before.
    edge_bits : int
        2 … 8.
    byte_input : bool
        Whether images are bytes (see ``activations``).
    """

    name: ClassVar[str] = "iq"

    steps: tuple[Step, ...] = INTEGER_STEPS
    edge_bits: int = 8
    byte_input: bool = False

    def __post_init__(self) -> None:
        check_steps(self.steps)
        if any(step.activations is None for step in self.steps):
            raise ValueError("steps must say the bits of activations, not None")

    def ladder(self, network: Network) -> tuple[Rung, ...]:
        """Return the steps that are coarser than the body's weights are now."""
        return rungs_of(self.steps, network, body_layers(network.graph))

    def apply(self, network: Network, rung: Rung, trainer: Trainer) -> Network:
        """Return the network with grids for all weights and activations."""
        step = step_of(self.steps, rung)
        if step.activations is not None:
            network = quantize_activations(
                network, step.activations, trainer, byte_input=self.byte_input
            )
        network = coarsened(network, edge_layers(network.graph), Integer(self.edge_bits))
        return coarsened(network, body_layers(network.graph), step.grid)


EDGE_STEPS = tuple(Step(Integer(bits)) for bits in (8, 6, 5, 4, 3, 2))


@dataclass(frozen=True)
class EdgeQuantization(Stage):
    """Fewer bits for the weights of first and last layers and depthwise convolutions.

    They hold few of the weights and suffer most from coarse ones: they get bits of their own.

    Attributes
    ----------
    steps : tuple of Step
        Without bits of activations; each further than the one before.
    """

    name: ClassVar[str] = "iq"

    steps: tuple[Step, ...] = EDGE_STEPS

    def __post_init__(self) -> None:
        check_steps(self.steps)
        if any(step.activations is not None for step in self.steps):
            raise ValueError("steps must leave activations as they are, not say their bits")

    def ladder(self, network: Network) -> tuple[Rung, ...]:
        """Return the steps that are coarser than the finest of these layers is now."""
        return rungs_of(self.steps, network, edge_layers(network.graph))

    def apply(self, network: Network, rung: Rung, trainer: Trainer) -> Network:
        """Return the network with this step's grid in these layers."""
        return coarsened(network, edge_layers(network.graph), step_of(self.steps, rung).grid)
