"""What users choose of a compression, and what follows from it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from ...runtime.errors import UsageError
from ..workspace import check_file
from .sizes import ENCODINGS, Encoding, Sizes
from .stages.base import Stage
from .stages.dc import Pruning, Scope
from .stages.iq import EdgeQuantization, Quantization, balanced_steps, ternary_steps
from .stages.ns import Slimming

Weights = Literal["int", "ternary"]
Search = Literal["margin", "grid"]

STAGES = ("iq", "ns", "dc")
"""The order that the literature found best (Tian, Yamagiwa and Wada, IEEE Access 2024)."""

#: Share of zeros up to which ternary quantization goes where pruning comes later.
_MOST_ZEROS = 0.8


@dataclass(frozen=True)
class Choices:
    """Which stages, with which options, and how they are searched.

    Attributes
    ----------
    stages : sequence of str
        Of ``STAGES``, each once, in the order in which they are applied.
    weights : str
        ``int``: 8 down to 2 bits; ``ternary``: with a searched ρ.
    balanced : int or None
        Banks of input channels with as many non-zeros each in every filter.
    scope : str
        What is pruned: ``all`` layers, or fully connected (``fc``) ones.
    margin : int
        So many rungs before the furthest of the last but one stage are starts of the last one too.
    reserve : float
        Share of the accuracy that may be lost, 0 … 1, which the stages before these two leave.
    search : str
        ``margin``, or the full ``grid``.
    floor : float
        Share of its filters that slimming leaves every layer.
    smallest : str or None
        Which of the four sizes the result has least of: ``dense``, ``nonzero``, ``indexed`` or
        ``deflate``. By default ``deflate``, with banks ``indexed``: what the skipping engine reads.
    """

    stages: Sequence[str] = STAGES
    weights: Weights = "int"
    balanced: int | None = None
    scope: Scope = "all"
    margin: int = 1
    reserve: float = 0.5
    search: Search = "margin"
    floor: float = 0.15
    smallest: Encoding | None = None

    def __post_init__(self) -> None:
        """Refuse what is out of range."""
        if not self.stages or any(stage not in STAGES for stage in self.stages):
            raise UsageError(f"stages must be some of iq,ns,dc, not {self._stages!r}")
        if len(set(self.stages)) != len(self.stages):
            raise UsageError(f"stages must be named once each, not {self._stages}")
        for name, kinds in (("weights", Weights), ("scope", Scope), ("search", Search)):
            if getattr(self, name) not in get_args(kinds):
                known = " or ".join(get_args(kinds))
                raise UsageError(f"{name} must be {known}, not {getattr(self, name)!r}")
        if self.smallest is not None and self.smallest not in ENCODINGS:
            known = ", ".join(ENCODINGS)
            raise UsageError(f"smallest must be one of {known}, not {self.smallest!r}")
        if self.balanced is not None and self.balanced < 2:
            raise UsageError(f"balanced must be at least 2 banks, not {self.balanced}")
        if self.margin < 0:
            raise UsageError(f"margin must be at least 0 rungs, not {self.margin}")
        if not 0 <= self.reserve <= 1:
            raise UsageError(f"reserve must be 0 … 1, not {self.reserve:g}")
        if not 0 < self.floor <= 1:
            raise UsageError(f"floor must be above 0 and at most 1, not {self.floor:g}")
        self._refuse_what_does_nothing()

    def _refuse_what_does_nothing(self) -> None:
        ternary = self.weights == "ternary"
        if ternary and "iq" not in self.stages:
            raise UsageError(f"weights can be ternary with stage iq only, not {self._stages}")
        if self.scope == "fc" and "dc" not in self.stages:
            raise UsageError(f"scope can be fc with stage dc only, not {self._stages}")
        if self.balanced is not None and "dc" not in self.stages and not ternary:
            raise UsageError(
                f"balanced needs stage dc or --weights ternary, which choose the zeros, not "
                f"{self._stages} with weights of bits"
            )

    @property
    def encoding(self) -> Encoding:
        """Which size the search makes small."""
        return self.smallest or ("deflate" if self.balanced is None else "indexed")

    def size(self, sizes: Sizes) -> int:
        """Return the bits that the search makes few."""
        bits: int = getattr(sizes, self.encoding)
        return bits

    @property
    def _stages(self) -> str:
        return ",".join(self.stages)


def check_target(
    target_accuracy: float | None, max_drop: float | None, *, is_share: bool = True
) -> None:
    """Refuse a target that is not one.

    Parameters
    ----------
    target_accuracy, max_drop : float or None
    is_share : bool
        Whether accuracies are shares, as top-1, and not values of a metric of the user's own.

    Raises
    ------
    UsageError
        Unless exactly one is given, a finite number, and a drop is not negative, nor above 1 of a
        share.
    """
    if (target_accuracy is None) == (max_drop is None):
        given = "both" if max_drop is not None else "none"
        raise UsageError(
            f"exactly one of target_accuracy and max_drop must be given, not {given}: "
            "--target-accuracy 0.90 or --max-drop 0.005"
        )
    value = max_drop if target_accuracy is None else target_accuracy
    name = "max_drop" if target_accuracy is None else "target_accuracy"
    if value is None or not math.isfinite(value):
        raise UsageError(f"{name} must be a finite number, not {value}")
    if max_drop is not None and max_drop < 0:
        raise UsageError(f"max_drop must be at least 0, not {max_drop:g}")
    if is_share and value > 1:
        raise UsageError(f"{name} must be a share of the images, at most 1, not {value:g}")


def check_output(out: Path, model: Path) -> None:
    """Refuse to write where the result cannot stand, or would take the original's place.

    Raises
    ------
    UsageError
        If it is the model's own file, or no name of an ONNX file: that of images, say.
    BuildError
        If it is a folder.
    """
    if out.resolve() == model.resolve():
        raise UsageError(f"output must be another file than the model, not {out}")
    check_file(out)
    if out.suffix != ".onnx":
        raise UsageError(f"output must be a file whose name ends in .onnx, not {out}")


def planned_stages(choices: Choices, *, byte_input: bool) -> tuple[Stage, ...]:
    """Return the stages of a search, in order, with their ladders.

    Parameters
    ----------
    choices : Choices
    byte_input : bool
        Whether images are bytes that the network takes as they are.
    """
    made: list[Stage] = []
    for name in choices.stages:
        match name:
            case "iq":
                made += _quantization(choices, byte_input)
            case "ns":
                made.append(Slimming(floor=choices.floor, multiple=choices.balanced or 1))
            case _:
                made.append(Pruning(scope=choices.scope, banks=choices.balanced))
    return tuple(made)


def _quantization(choices: Choices, byte_input: bool) -> tuple[Stage, ...]:
    edges = EdgeQuantization()
    if choices.weights == "int":
        return Quantization(byte_input=byte_input), edges
    banks = choices.balanced
    # Where pruning comes later, more zeros are its to take: taken here, they leave slimming less.
    most = _MOST_ZEROS if "dc" in choices.stages[choices.stages.index("iq") :] else 1.0
    steps = ternary_steps(most=most) if banks is None else balanced_steps(banks, most=most)
    return Quantization(steps, byte_input=byte_input), edges
