"""The pass normalize-input."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from ...runtime.errors import UsageError
from ..ir.graph import Graph, GraphBuilder
from ..ir.ops.affine import Affine
from ..ir.ops.base import Op
from ..ir.ops.input import Input
from ..ir.origin import Origin
from ..ir.rebuild import rebuild
from .base import Pass


@dataclass(frozen=True)
class NormalizeInput(Pass):
    """Put ``(x - mean) / std`` behind the input, so that the circuit takes raw pixels.

    ``Input -> Conv`` becomes ``Input -> Affine(1 / std, -mean / std) 'normalize' -> Conv``.

    Attributes
    ----------
    mean, std : tuple of float
        One number, or one per channel, in units of the pixel.
    """

    name: ClassVar[str] = "normalize-input"
    keeps_numbers: ClassVar[bool] = False

    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)

    def __call__(self, graph: Graph) -> Graph:
        """Return the graph that takes pixels.

        Raises
        ------
        UsageError
            If a length does not fit the channels, or a std is not positive.
        """

        def visit(builder: GraphBuilder, name: str, op: Op, inputs: tuple[str, ...]) -> str:
            origin = graph.origin(name)
            if not isinstance(op, Input):
                return builder.add(name, op, inputs, origin)
            # The file's tensor is the normalized one.
            source = builder.add(name, op, inputs, Origin(f"{origin.tensor}/pixels"))
            affine = self._affine(builder.shape(source)[-1])
            return builder.add("normalize", affine, [source], origin)

        return rebuild(graph, visit)

    def _affine(self, channels: int) -> Affine:
        numbers = "1 number" if channels == 1 else f"1 or {channels} numbers"
        for option, values in (("--mean", self.mean), ("--std", self.std)):
            if len(values) not in (1, channels):
                raise UsageError(
                    f"{option} must have {numbers} (one per channel), not {len(values)}"
                )
        if min(self.std) <= 0:
            raise UsageError(f"--std must be positive, not {min(self.std)}")
        length = max(len(self.mean), len(self.std))
        # What the user wrote in decimals is meant exactly.
        mean = [Fraction(repr(float(value))) for value in self.mean]
        std = [Fraction(repr(float(value))) for value in self.std]
        pairs = [(mean[i % len(mean)], std[i % len(std)]) for i in range(length)]
        return Affine(tuple(1 / s for _, s in pairs), tuple(-m / s for m, s in pairs))
