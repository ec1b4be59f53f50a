"""How good the written file is: by its integer program, beside the original."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ...runtime.errors import ModelError
from ...runtime.host import execute
from ..accuracy import Outputs
from ..execute.run import run_graph
from ..frontend import load
from ..ir.graph import Graph
from ..onnx_io.read.read import read_graph
from ..passes.pipeline import LAYOUT_PASSES, run_passes
from .data.metric import Metric
from .data.parts import Parts
from .data.samples import Array

Run = Callable[[Array], Outputs]


@dataclass(frozen=True)
class Accuracies:
    """Values of the metric.

    Attributes
    ----------
    original, original_test : float, float or None
        Of the float model on the validation split, and on the test set where there is one.
    validation, test : float, float or None
        Of the written file.
    exact : bool
        Whether the file's integer program computed them; else ONNX Runtime did.
    """

    original: float
    validation: float
    original_test: float | None
    test: float | None
    exact: bool


def judged(
    graph: Graph,
    out: Path,
    parts: Parts,
    metric: Metric,
    original: float,
    note: Callable[[str], None],
) -> Accuracies:
    """Judge the original and the file; nothing else looks at the test set.

    Parameters
    ----------
    graph : Graph
        The original, channels last.
    out : Path
        The file.
    parts : Parts
        Images as the graph takes them.
    metric : Metric
    original : float
        The original's value on the validation split.
    note : callable
        Called with a line where the file has no integer program.
    """
    run = _program(out, note)
    exact = run is not None
    if run is None:
        run = _floating(run_passes(read_graph(out), LAYOUT_PASSES))
    validation = metric(run(parts.validation.x), parts.validation.y)
    if parts.test is None:
        return Accuracies(original, validation, None, None, exact)
    before = metric(_floating(graph)(parts.test.x), parts.test.y)
    return Accuracies(original, validation, before, metric(run(parts.test.x), parts.test.y), exact)


def _program(out: Path, note: Callable[[str], None]) -> Run | None:
    """Return what executes the file's integer program; None where it has none."""
    try:
        program = load(out)
    except ModelError as error:
        note(f"the result has no integer program, so ONNX Runtime judged it: {error}")
        return None
    return lambda x: execute(program, x)


def _floating(graph: Graph) -> Run:
    """Return what executes a graph in ONNX Runtime."""

    def run(x: Array) -> Outputs:
        tensors = run_graph(graph, x, [node for node, _ in graph.outputs])
        return {name: tensors[node] for node, name in graph.outputs}

    return run
