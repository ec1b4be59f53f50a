"""Where the registers of an adder network stand, in pure Python."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ...runtime.numerics import bits_for
from .network import Network

Stages = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Pipeline:
    """A network cut into stages of at most ``levels`` adders in a row.

    A value of stage s comes out of a register s cycles after its inputs, which are stage 0. An
    adder whose operands are of its own stage adds on in the same cycle; only what is used in later
    stages is held. All taps leave in the last stage.

    Attributes
    ----------
    network : Network
    low, high : int
        Range of an input.
    levels : int
        Adders in a row between two registers, at least 1.
    """

    network: Network
    low: int
    high: int
    levels: int = 1

    def __post_init__(self) -> None:
        if self.levels < 1:
            raise ValueError(f"levels must be at least 1, not {self.levels}")

    @cached_property
    def stages(self) -> Stages:
        """Stage of every value: int64 (inputs + adders,)."""
        stages: Stages = -(-self.network.levels // self.levels)
        return stages

    @property
    def depth(self) -> int:
        """Cycles from inputs to taps."""
        return int(self.stages.max(initial=0))

    @cached_property
    def last_use(self) -> Stages:
        """Last stage in which a register of every value is read, or its own: int64, as stages.

        An adder of stage s reads registers of stage s − 1, and values of its own stage directly.
        """
        network = self.network
        last = self.stages.copy()
        for number, adder in enumerate(network.adders):
            stage = self.stages[network.inputs + number]
            for operand in (adder.a, adder.b):
                if self.stages[operand] < stage:
                    last[operand] = max(last[operand], stage - 1)
        for tap in network.taps:
            if tap.value is not None:
                last[tap.value] = self.depth
        return last

    @cached_property
    def registered(self) -> npt.NDArray[np.bool_]:
        """Whether a register of every adder is read in its own stage or later: bool, as stages."""
        network = self.network
        needed = np.zeros(len(self.stages), dtype=bool)
        for number, adder in enumerate(network.adders):
            stage = self.stages[network.inputs + number]
            for operand in (adder.a, adder.b):
                needed[operand] |= self.stages[operand] < stage
        for tap in network.taps:
            if tap.value is not None:
                needed[tap.value] = True
        return needed

    @cached_property
    def widths(self) -> Stages:
        """Bits of every value in two's complement where it can be negative: int64, as stages."""
        low, high = self.network.ranges(self.low, self.high)
        return np.array(
            [bits_for(int(a), int(b)) for a, b in zip(low, high, strict=True)], dtype=np.int64
        )

    @property
    def adder_bits(self) -> int:
        """Sum of the widths of all adders' results."""
        return int(self.widths[self.network.inputs :].sum())

    @property
    def register_bits(self) -> int:
        """Flip-flops, those of inputs that are used later included."""
        held = self.last_use - self.stages
        own = np.where(self.registered, 1, 0)
        own[: self.network.inputs] = 0
        return int((self.widths * (held + own)).sum())
