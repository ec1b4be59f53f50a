"""The comparison of a program with the original model, tensor by tensor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...runtime.host import BATCH, finish
from ...runtime.program import Program
from .oracle import Oracle
from .pairs import Pair
from .results import LayerCheck, OutputCheck
from .sums import LayerSums, OutputSums

Array = npt.NDArray[Any]
Tensors = dict[str, Array]

MOST_ELEMENTS = 1 << 25
"""Of the program's tensors at once, which bounds the memory: all tensors are kept, three times."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A program, and where the file has the same numbers.

    Attributes
    ----------
    program : Program
    coded : sequence of Pair
        Tensors on the grid of a quantizer, in the order of computation.
    outputs : sequence of Pair
        What leaves the circuit, one an output of the program.
    exact : bool
        Whether the file is quantized itself, so that layers can be fed with its codes; otherwise
        it is the float model that the program approximates.
    """

    program: Program
    coded: Sequence[Pair]
    outputs: Sequence[Pair]
    exact: bool

    @property
    def wanted(self) -> frozenset[str]:
        """The tensors of the file that a comparison needs."""
        names = {pair.onnx for pair in (*self.coded, *self.outputs)}
        return frozenset(names | {output.name for output in self.program.outputs})


def compare(
    subject: Subject, oracle: Oracle, integers: Array, frames: Array
) -> tuple[tuple[LayerCheck, ...], tuple[OutputCheck, ...]]:
    """Execute both on the same frames and compare every tensor that both have.

    Parameters
    ----------
    subject : Subject
    oracle : Oracle
        Opened with ``subject.wanted``.
    integers : (N, *shape) integer array
        The program's input.
    frames : (N, …) array
        The same frames as the oracle takes them.
    """
    program = subject.program
    coded = [pair for pair in subject.coded if pair.onnx in oracle.tensors]
    layers = [LayerSums(pair) for pair in coded]
    quantized = {pair.tensor for pair in coded}
    outputs = []
    for pair, output in zip(subject.outputs, program.outputs, strict=True):
        type_ = program.types[pair.tensor]
        outputs.append(OutputSums(output.name, pair, max(abs(type_.low), abs(type_.high))))
    count = _frames_at_once(program)
    for start in range(0, len(frames), count):
        part = slice(start, start + count)
        theirs = oracle.run(frames[part])
        ours = program.run(integers[part])
        fed = _run_fed(program, coded, integers[part], theirs) if subject.exact else {}
        finals = finish(program, ours)
        for layer in layers:
            layer.add(theirs, ours, fed)
        for sums in outputs:
            # A quantized output is a layer already, and may be a step off on a tie.
            sums.add(theirs, finals[sums.name], {} if sums.pair.tensor in quantized else fed)
    return tuple(x.result() for x in layers), tuple(x.result() for x in outputs)


def _frames_at_once(program: Program) -> int:
    elements = sum(type_.elements for type_ in program.types.values())
    return max(1, min(BATCH, MOST_ELEMENTS // elements))


def _run_fed(
    program: Program, coded: Sequence[Pair], integers: Array, theirs: Mapping[str, Array]
) -> Tensors:
    """Execute every part of the program between quantizers on the oracle's own codes.

    Returns
    -------
    dict of tensor to what the program makes of the oracle's codes in front of it
        Without tensors that depend on a quantizer of calibration: the oracle has no codes there.
    """
    codes: Tensors = {}
    for pair in coded:
        if not pair.calibrated:
            type_ = program.types[pair.tensor]
            whole = np.clip(np.rint(pair.codes(theirs[pair.onnx])), type_.low, type_.high)
            codes[pair.tensor] = whole.astype(type_.dtype)
    lost = {pair.tensor for pair in coded if pair.calibrated}
    source = program.inputs[0].tensor
    made: Tensors = {} if source in lost else {source: integers}
    for node in program.nodes:
        inputs = [codes.get(name, made.get(name)) for name in node.inputs]
        if node.output not in lost and all(x is not None for x in inputs):
            result = node.op.apply(*(x for x in inputs if x is not None))
            made[node.output] = result.astype(program.types[node.output].dtype, copy=False)
    return made
