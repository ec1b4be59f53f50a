"""From a model file to everything that can be said about it without executing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ...runtime.errors import UnsupportedError
from ...runtime.program import Output, Program, Step
from ..frontend import Data, load
from ..ir.graph import Graph
from ..lower.value import Value
from ..onnx_io.read.model import open_model
from ..onnx_io.read.reader import node_name
from ..passes.quantizers import is_quantized
from ..problems import Problem
from ..quantize.places import quantized_nodes
from ..survey import survey
from ..verify.passes import VerifyEach
from .engines import layer_engines
from .facts import Facts, facts_of
from .layers import Row, layer_rows
from .widths import Layer


@dataclass(frozen=True)
class Inspection:
    """A model as sangi sees it.

    Attributes
    ----------
    model : str
        Name of the file.
    facts : Facts
    quantized : bool
        Whether the file holds quantizers.
    assumed : bool
        Whether some widths are those that calibration gives (8 bits): the model is float, or
        lacks a quantizer for its input, and no images were given.
    layers : tuple of Row
    before : tuple of str
        What the host does to a frame before the circuit gets it; empty for raw bytes, and where
        that depends on calibration.
    after : tuple of (str, tuple of str)
        Per output, what the host does to the circuit's results.
    problems : tuple of Problem
        What stands in the way; the model can be compiled where there is none.
    note : str
        What is supported, where a problem is an op type that is not.
    """

    model: str
    facts: Facts
    quantized: bool
    assumed: bool
    layers: tuple[Row, ...]
    before: tuple[str, ...]
    after: tuple[tuple[str, tuple[str, ...]], ...]
    problems: tuple[Problem, ...]
    note: str

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one frame."""
        return sum(row.macs for row in self.layers)

    @property
    def weights(self) -> int:
        """Parameters of Conv and Dense, without biases."""
        return sum(row.weights for row in self.layers)

    @property
    def nonzeros(self) -> int:
        """Weights that are not zero."""
        return sum(row.nonzeros for row in self.layers)


def inspect_model(
    path: str | Path,
    *,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    input_shape: Sequence[int] | None = None,
    data: Data | None = None,
    verify: VerifyEach | None = None,
) -> Inspection:
    """Look at a model, whether or not it can be mapped.

    Parameters
    ----------
    path, mean, std, input_shape : as in ``survey``
    data : as in ``load``
        A float model is calibrated with it; otherwise its widths are assumed.
    verify : VerifyEach, optional
        Watches the passes and, where the model can be mapped, the lowering.

    Raises
    ------
    UsageError
        If the file does not exist or an option does not fit the model.
    ModelError
        If the file cannot be read.
    DataError
        If the calibration images do not fit.
    MismatchError
        If ``verify`` finds a number that was changed.
    """
    model = open_model(path)
    found = survey(path, mean=mean, std=std, input_shape=input_shape)
    graph, program, values = found.graph, found.program, found.values
    complete = found.unquantized is None
    mapped = program is not None and not found.problems
    calibrated = mapped and not complete and data is not None
    if mapped and (calibrated or (complete and verify is not None)):

        def keep(
            made_graph: Graph, made_program: Program, made: Mapping[str, Value | None]
        ) -> None:
            nonlocal graph, program, values
            graph, program, values = made_graph, made_program, made
            if verify is not None:
                verify.lowered(graph, program, values)

        load(
            path,
            mean=mean,
            std=std,
            input_shape=input_shape,
            data=data,
            watch=verify,
            lowered=keep,
        )
    engines: Mapping[str, tuple[str, ...]] = {}
    problems = found.problems
    if mapped and program is not None:
        try:
            engines = layer_engines(graph, program, values)
        except UnsupportedError as error:
            problems = (Problem("", "", str(error)),)
    open_ended = None if calibrated else found.unquantized
    before = () if program is None or open_ended else _names(program.inputs[0].before)
    kinds = {node_name(node): str(node.op_type) for node in model.graph.node}
    rows = layer_rows(graph, values, problems, engines, kinds)
    return Inspection(
        Path(path).name,
        facts_of(model),
        complete or is_quantized(found.unquantized or graph),
        open_ended is not None,
        _of_input(rows if open_ended is None else _marked(rows, open_ended), before),
        before,
        () if program is None else tuple((out.name, _after(out)) for out in program.outputs),
        problems,
        found.note,
    )


def _marked(rows: tuple[Row, ...], graph: Graph) -> tuple[Row, ...]:
    """Return the rows, marked where calibration of this graph is to give a width."""
    missing = {f"{name}/quantize" for name in quantized_nodes(graph)}
    for name in graph.order():
        op = graph.op(name)
        if isinstance(op, Layer) and op.weight_scale is None:
            missing.add(name)
    return tuple(replace(row, assumed=not missing.isdisjoint(row.nodes)) for row in rows)


def _of_input(rows: tuple[Row, ...], before: tuple[str, ...]) -> tuple[Row, ...]:
    """Return the rows, that of the input right: who quantizes it depends on the images."""
    first, *others = rows
    if first.assumed:
        first = replace(first, engines=())
    return (replace(first, where="host") if before else first, *others)


def _names(steps: Sequence[Step]) -> tuple[str, ...]:
    return tuple(step.op for step in steps)


def _after(output: Output) -> tuple[str, ...]:
    return ("dequantize", *_names(output.after))
