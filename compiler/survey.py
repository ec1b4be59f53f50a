"""Everything that stands between a model and a circuit, found before anything long starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from ..runtime.errors import ModelError, UsageError
from ..runtime.program import Program
from .ir.graph import Graph, GraphBuilder
from .ir.ops.base import Op
from .ir.ops.conv import Conv
from .ir.ops.dense import Dense
from .ir.ops.quantize import Quantize
from .ir.ops.relu import Relu
from .ir.rebuild import rebuild
from .lower.lower import lower_graph
from .lower.state import InputKind
from .lower.value import Value
from .mapping.refusals import node_problems, shell_problems, size_problems
from .onnx_io.read.read import Reading, read_model
from .passes.byte_grid import ByteGrid
from .passes.normalize_input import NormalizeInput
from .passes.pipeline import FLOAT_PASSES, LAYOUT_PASSES, QUANTIZED_PASSES, Watch, run_passes
from .passes.quantizers import float_layers, is_quantized
from .problems import Problem, in_file_order
from .quantize.places import quantized_nodes
from .quantize.weights import quantize_weights


@dataclass(frozen=True, eq=False)
class Survey:
    """A model as far as the compiler understands it without executing it.

    Attributes
    ----------
    name : str
        Of the file.
    graph : Graph
        In the normal form that lowering takes. A float model has quantizers with placeholders for
        scales and zero points there: its structure is right and its numbers mean nothing.
    unquantized : Graph, or None
        A model as calibration takes it, float or without some of its quantizers; None where
        nothing is missing.
    program : Program, or None
        None where reading or lowering met problems. With the numbers of ``graph``.
    values : mapping of node name to Value, or None
        What every node's tensor is in the program's integers (see ``lower_graph``).
    problems : tuple of Problem
        Everything in the way, in the file's order, under the names and op types of the file.
    note : str
        The op types that are supported, where some problem is one that is not; else empty.
    """

    name: str
    graph: Graph
    unquantized: Graph | None
    program: Program | None
    values: Mapping[str, Value | None]
    problems: tuple[Problem, ...]
    note: str


def survey(
    path: str | Path,
    *,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    input_shape: Sequence[int] | None = None,
    input_kind: InputKind = "auto",
    mapped: bool = True,
    watch: Watch | None = None,
) -> Survey:
    """Read, quantize (with placeholders), lower and map a model as a trial.

    No frame is executed, and no stage stops at the first problem.

    Parameters
    ----------
    path, mean, std, input_shape, input_kind, watch : as in ``load``
        ``watch`` sees the passes over a float model up to calibration.
    mapped : bool
        Whether to ask for engines and for the shell as well.

    Raises
    ------
    UsageError
        If the file does not exist or an option does not fit the model.
    ModelError
        If the file cannot be read, or its nodes do not make a graph.
    """
    reading = read_model(path, input_shape)
    problems = list(reading.problems)
    graph, loose = _open_ended(reading)
    unquantized = None
    try:
        graph = run_passes(graph, LAYOUT_PASSES, watch)
        if mean is not None or std is not None:
            step = NormalizeInput(numbers("--mean", mean, 0.0), numbers("--std", std, 1.0))
            graph = run_passes(graph, [step, ByteGrid()], watch)
        if quantized_nodes(graph) or float_layers(graph):
            unquantized = graph if is_quantized(graph) else run_passes(graph, FLOAT_PASSES, watch)
            graph = with_placeholders(unquantized)
            watch = None
        graph = run_passes(graph, QUANTIZED_PASSES, watch)
    except ModelError as error:
        # Behind a node of unknown meaning the shapes may be wrong ones: what was found counts.
        if not problems:
            raise
        problems.append(Problem("", "", str(error)))
        return _survey(path, reading, graph, unquantized, None, {}, problems)
    lowering = lower_graph(graph, input_kind=input_kind)
    # Loose ends are no outputs of the model: what is wrong with them as such is no problem.
    apart = tuple(f"output '{name}' " for name in loose)
    problems.extend(entry for entry in lowering.problems if not entry.text.startswith(apart))
    program = None if reading.problems else lowering.program
    if mapped:
        problems.extend(node_problems(lowering.nodes))
        if program is not None:
            problems.extend((*size_problems(program), *shell_problems(program)))
    return _survey(path, reading, graph, unquantized, program, lowering.values, problems)


def with_placeholders(graph: Graph) -> Graph:
    """Return a graph with 8-bit float weights, and quantizers wherever calibration puts them.

    Parameters
    ----------
    graph : Graph
        As ``calibrate`` takes it.
    """
    places = frozenset(quantized_nodes(graph))

    def visit(builder: GraphBuilder, name: str, op: Op, inputs: tuple[str, ...]) -> str:
        zero_point = 0 if isinstance(op, Relu) else 128
        if isinstance(op, Conv | Dense) and op.weight_scale is None:
            op = quantize_weights(op)
        node = builder.add(name, op, inputs, graph.origin(name))
        if name not in places:
            return node
        return builder.add(
            f"{name}/quantize", Quantize((Fraction(1),), (zero_point,), 0, 255), [node]
        )

    return rebuild(graph, visit)


def numbers(option: str, values: Sequence[float] | None, missing: float) -> tuple[float, ...]:
    """Return the numbers of ``--mean`` or ``--std``; raise UsageError where they are none."""
    if values is None:
        return (missing,)
    found = tuple(float(value) for value in values)
    if not found or not np.isfinite(found).all():
        raise UsageError(f"{option} must be finite numbers, one per channel, not {list(values)}")
    return found


def _open_ended(reading: Reading) -> tuple[Graph, tuple[str, ...]]:
    """Return the graph with its loose ends as outputs, so that no pass drops them, and these."""
    graph = reading.graph
    if not reading.problems:
        return graph, ()
    loose = tuple(
        name for name in graph.order() if not graph.consumers(name) and not graph.is_output(name)
    )
    return replace(graph, outputs=(*graph.outputs, *((name, name) for name in loose))), loose


def _survey(
    path: str | Path,
    reading: Reading,
    graph: Graph,
    unquantized: Graph | None,
    program: Program | None,
    values: Mapping[str, Value | None],
    problems: Sequence[Problem],
) -> Survey:
    return Survey(
        Path(path).name,
        graph,
        unquantized,
        program,
        values,
        in_file_order(problems, reading.kinds),
        reading.note,
    )
