"""Adders of more than two operands, made of those of a network whose sums are used only once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from .pipeline import Pipeline


@dataclass(frozen=True)
class Operand:
    """``±(value << shift)``."""

    value: int
    shift: int
    negative: bool


@dataclass(frozen=True)
class Cells:
    """A pipelined network in cells that add up to ``most`` operands.

    Where a look-up table has six inputs, three make a bit of a sum of four operands and the two
    bits that are carried on; three adders of two operands take six. An adder goes into the one that
    uses its sum where no other does. Cells stand in stages as the adders of a ``Pipeline`` do.

    Attributes
    ----------
    plan : Pipeline
    most : int
        Operands of a cell, at least 2.
    """

    plan: Pipeline
    most: int

    @cached_property
    def operands(self) -> dict[int, tuple[Operand, ...]]:
        """What every value that is made adds, by its number, in their order."""
        network = self.plan.network
        uses = Counter(tap.value for tap in network.taps for _ in range(2))
        uses.update(number for adder in network.adders for number in (adder.a, adder.b))
        made = {
            network.inputs + number: [
                Operand(adder.a, adder.a_shift, False),
                Operand(adder.b, adder.b_shift, adder.subtract),
            ]
            for number, adder in enumerate(network.adders)
        }
        for number in reversed(range(network.inputs, network.inputs + len(network.adders))):
            if number not in made:
                continue
            parts = made[number]
            while True:
                inner = next(
                    (
                        part
                        for part in parts
                        if part.value in made
                        and uses[part.value] == 1
                        and not part.shift
                        and len(parts) + len(made[part.value]) - 1 <= self.most
                    ),
                    None,
                )
                if inner is None:
                    break
                parts.remove(inner)
                parts += [
                    Operand(part.value, part.shift, part.negative != inner.negative)
                    for part in made.pop(inner.value)
                ]
        return {number: tuple(parts) for number, parts in made.items()}

    @cached_property
    def stages(self) -> list[int]:
        """Stage of every value, by its number; 0 of what goes into cells."""
        network = self.plan.network
        levels = [0] * (network.inputs + len(network.adders))
        for number, parts in self.operands.items():
            levels[number] = 1 + max(levels[part.value] for part in parts)
        return [-(-level // self.plan.levels) for level in levels]

    @property
    def depth(self) -> int:
        """Cycles from inputs to taps."""
        return max(self.stages, default=0)

    @cached_property
    def last_use(self) -> dict[int, int]:
        """Last stage in which a register of a value is read; of those that have any readers.

        Values of the stage that reads them are added on directly.
        """
        stages = self.stages
        last: dict[int, int] = {}
        for number, parts in self.operands.items():
            for part in parts:
                if stages[part.value] < stages[number]:
                    last[part.value] = max(last.get(part.value, 0), stages[number] - 1)
        for tap in self.plan.network.taps:
            if tap.value is not None:
                last[tap.value] = self.depth
        return last

    @property
    def wide(self) -> int:
        """Cells of more than two operands."""
        return sum(len(parts) > 2 for parts in self.operands.values())

    @property
    def registers(self) -> int:
        """Values held over one clock edge; inputs are held in stage 0 already."""
        stages, inputs = self.stages, self.plan.network.inputs
        return sum(
            last - stages[number] + (number >= inputs) for number, last in self.last_use.items()
        )
