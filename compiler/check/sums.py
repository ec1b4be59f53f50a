"""What is added up over the frames of a check."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from .pairs import Pair
from .results import LayerCheck, OutputCheck, Steps

Array = npt.NDArray[Any]
Tensors = Mapping[str, Array]

ON_GRID = 0.02
"""Part of a step by which float32 arithmetic may miss the grid."""

NOT_FINITE = 2.0**31
"""Steps by which what is no number differs."""

FLOAT32 = 2.0**-22
"""Error of a sum in float32, as a part of the largest sum that can occur."""


class StepSums:
    """Elements that differ, and the largest difference in steps."""

    def __init__(self) -> None:
        self.unequal = self.largest = 0

    def add(self, codes: Array, mine: Array) -> None:
        """Compare codes of the oracle, not always whole, with codes of the program."""
        steps = np.ceil(np.abs(codes - mine) - ON_GRID)
        steps = np.nan_to_num(steps, nan=NOT_FINITE, posinf=NOT_FINITE)
        self.unequal += int((steps > 0).sum())
        self.largest = max(self.largest, int(steps.max(initial=0)))

    def result(self) -> Steps:
        """Return the sums."""
        return Steps(self.unequal, self.largest)


class LayerSums:
    """Sums of one quantized tensor."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.elements = 0
        self.whole = StepSums()
        self.fed: StepSums | None = None
        self.signal = self.noise = 0.0

    def add(self, theirs: Tensors, ours: Tensors, fed: Tensors) -> None:
        """Add frames: tensors of the file, of the program, and of the program fed by the file.

        What ``fed`` does not hold is not judged.
        """
        pair = self.pair
        codes = pair.codes(theirs[pair.onnx])
        mine = ours[pair.tensor].astype(np.float64)
        self.elements += codes.size
        self.whole.add(codes, mine)
        if pair.tensor in fed:
            self.fed = self.fed or StepSums()
            self.fed.add(codes, fed[pair.tensor].astype(np.float64))
        self.signal += float(np.square(pair.reals(codes)).sum())
        self.noise += float(np.square((codes - mine) * pair.factor).sum())

    def result(self) -> LayerCheck:
        """Return the figures."""
        pair = self.pair
        ratio = None
        if self.noise:
            ratio = 10 * float(np.log10(max(self.signal, np.finfo(float).tiny) / self.noise))
        fed = None if self.fed is None else self.fed.result()
        whole = self.whole.result()
        return LayerCheck(pair.layer, pair.op, pair.onnx, self.elements, whole, fed, ratio)


class OutputSums:
    """Sums of one output of the model.

    Parameters
    ----------
    name : str
        The output.
    pair : Pair
        What leaves the circuit for it.
    largest : int
        Magnitude of the program's tensor, for the error that float32 may make.
    """

    def __init__(self, name: str, pair: Pair, largest: int) -> None:
        self.name, self.pair = name, pair
        self.tolerance = np.abs(pair.factor) * (0.5 + FLOAT32 * largest)
        self.tolerance = self.tolerance + FLOAT32 * np.abs(pair.shift)
        self.elements = self.frames = self.same = 0
        self.difference = self.magnitude = 0.0
        self.decides = False
        self.wrong: int | None = None

    def add(self, theirs: Tensors, final: Array, fed: Tensors) -> None:
        """Add frames: tensors of the file, the program's output, and tensors of the fed program."""
        pair = self.pair
        if pair.tensor in fed and pair.onnx in theirs:
            wanted = pair.taken(theirs[pair.onnx]).astype(np.float64)
            if theirs[pair.onnx].dtype.kind in "iu":
                wanted = pair.reals(wanted)
            # Written so that NaN differs from everything.
            right = np.abs(wanted - pair.reals(fed[pair.tensor])) <= self.tolerance
            self.wrong = (self.wrong or 0) + int((~right).sum())
        ours = final.reshape(len(final), -1).astype(np.float64)
        original = theirs[self.name].astype(np.float64)
        self.elements += original.size
        self.frames += len(original)
        self.difference = max(self.difference, float(np.abs(ours - original).max(initial=0)))
        self.magnitude = max(self.magnitude, float(np.abs(original).max(initial=0)))
        self.decides = original.shape[1] > 1 and final.size == len(final) * final.shape[-1]
        if self.decides:
            self.same += int((ours.argmax(axis=1) == original.argmax(axis=1)).sum())

    def result(self) -> OutputCheck:
        """Return the figures."""
        return OutputCheck(
            self.name,
            self.pair.layer,
            self.elements,
            self.difference / self.magnitude if self.magnitude else self.difference,
            self.same / self.frames if self.decides else None,
            self.wrong,
        )
