"""From an ONNX file to a graph: the format is chosen, every node is translated or refused."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from onnx import helper, numpy_helper

from ....runtime.errors import ModelError
from ...ir.graph import Graph, GraphBuilder
from ...ir.ops.input import Input
from ...ir.ops.opaque import Opaque
from ...ir.ops.quantize import Quantize
from ...ir.ops.reshape import Reshape
from ...problems import Problem, refusal
from .cleanup import fold_constants, needs_cleanup
from .codes import as_numbers
from .finn import input_grid
from .formats import find_handler, supported_types
from .hints import HINTS
from .inputs import input_sizes, model_input, with_input_shape
from .model import open_model
from .opaque import OpaqueShapes
from .reader import Reader, Refusal, attributes, first_output, is_refused, node_name
from .schema import DAMAGED, set_aside
from .shapes import FLOATS, integer_tensors
from .tensors import finite
from .values import Codes, Constant, Refused, Tensor
from .versions import STANDARD, opset

#: How the problem of an op type begins that no format knows.
UNKNOWN = "op type"


@dataclass(frozen=True, eq=False)
class Reading:
    """A model as far as it could be read.

    Attributes
    ----------
    graph : Graph
        Nodes that cannot be mapped are Opaque, or left out with all that depends on them where
        their shape is not known. An output that was left out is not among ``graph.outputs``.
    problems : tuple of Problem
        In the file's order; where there are none, the graph is whole.
    kinds : mapping of node name to op type
        The nodes of the file, in its order.
    note : str
        The op types that are supported, where some problem is one that is not; else empty.
    """

    graph: Graph
    problems: tuple[Problem, ...]
    kinds: Mapping[str, str]
    note: str


def read_graph(path: str | Path, input_shape: Sequence[int] | None = None) -> Graph:
    """Read a model, or refuse it.

    Parameters and errors are those of ``read_model``.

    Raises
    ------
    UnsupportedError
        Once, for all nodes that cannot be mapped.
    """
    reading = read_model(path, input_shape)
    if reading.problems:
        raise refusal(Path(path).name, reading.problems, reading.note)
    return reading.graph


def read_model(path: str | Path, input_shape: Sequence[int] | None = None) -> Reading:
    """Read a model of any format, with all that stands in the way.

    Spatial ops of the result are channels last and stand between Transposes that bring the
    file's layout there and back: the pass ``channels-last`` takes them away.

    Parameters
    ----------
    path : str or Path
    input_shape : sequence of int, optional
        Replaces the shape of the input, batch included.

    Raises
    ------
    UsageError, ModelError
        As ``open_model``; ModelError also for numbers that are not finite.
    UnsupportedError
        If the model has more than one input.
    """
    model = with_input_shape(open_model(path), input_shape)
    grid = input_grid(model, model_input(model).name)
    faults = set_aside(model)
    if needs_cleanup(model):
        model = fold_constants(model)
    sizes = input_sizes(model)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    input_type = model_input(model).type.tensor_type.elem_type
    integers = frozenset() if input_type in FLOATS else integer_tensors(model)
    builder = GraphBuilder(Path(path).stem, metadata)
    reader = Reader(builder, sizes[0], opset(model), input_type, integers)
    damaged = _add_constants(reader, model)
    _add_input(reader, model_input(model).name, sizes[1:], grid)
    shapes = OpaqueShapes(model)
    problems = [_translate(reader, shapes, node, faults) for node in model.graph.node]
    outputs, unread = _outputs(reader, model)
    graph = reader.builder.build(outputs).verify()
    found = (*damaged, *(problem for problem in problems if problem is not None), *unread)
    kinds = {node_name(node): node.op_type for node in reversed(model.graph.node)}
    unknown = any(problem.text.startswith(UNKNOWN) for problem in found)
    note = f"supported op types: {', '.join(supported_types())}" if unknown else ""
    return Reading(graph, found, dict(reversed(kinds.items())), note)


def _translate(
    reader: Reader, shapes: OpaqueShapes, node: Any, faults: Mapping[str, str]
) -> Problem | None:
    """Translate one node; return what is wrong with it where that cannot be done."""
    text = faults.get(first_output(node))
    handler = find_handler(node.domain, node.op_type)
    if node.op_type == "Constant" and node.domain in STANDARD:
        handler = _constant
    known = text is not None and node.op_type in ("Constant", *supported_types())
    if handler is None and not known:
        domain = "" if node.domain in (*STANDARD, DAMAGED) else f"{node.domain}."
        hint = f"; {HINTS[node.op_type]}" if node.op_type in HINTS else ""
        text = f"{UNKNOWN} {domain}{node.op_type} is not supported{hint}"
    elif handler is not None and not is_refused(reader.values.get(x) for x in node.input):
        try:
            handler(reader, node)
            return None
        except (Refusal, ModelError) as error:
            text = _without_name(str(error), node_name(node))
    values = [reader.values.get(name) for name in node.input]
    sources = [value.node for value in values if isinstance(value, Tensor | Codes)]
    for name in node.output:
        shape = shapes.of(name)
        if shape is None or not sources:
            # Of unknown shape, or a constant: nothing to go on with.
            reader.values[name] = Refused()
        else:
            op = Opaque(node.op_type, shape)
            reader.values[name] = Tensor(reader.builder.add(node_name(node), op, sources, name))
    return None if text is None else Problem(node_name(node), node.op_type, text)


def _without_name(text: str, name: str) -> str:
    """Return what is wrong, without the name of the node where an error begins with it."""
    start = re.match(rf"\w+ '{re.escape(name)}(/[^']*)?': ", text)
    return text if start is None else text[start.end() :]


def _add_constants(reader: Reader, model: Any) -> list[Problem]:
    """Put the initializers that are read into the reader; return what is wrong with them."""
    used: dict[str, list[Any]] = {}
    for node in model.graph.node:
        for name in node.input:
            used.setdefault(name, []).append(node)
    problems = []
    for tensor in model.graph.initializer:
        if tensor.name not in used:
            continue
        node = used[tensor.name][0]
        limits = all(reading.op_type == "Clip" for reading in used[tensor.name])
        try:
            array = finite(numpy_helper.to_array(tensor), limits=limits)
            reader.values[tensor.name] = Constant(array)
        except ValueError as error:
            text = f"initializer '{tensor.name}' {error}"
            problems.append(Problem(node_name(node), node.op_type, text))
            reader.values[tensor.name] = Refused()
    return problems


def _constant(reader: Reader, node: Any) -> None:
    value = next(iter(attributes(node).values()), None)
    array = np.asarray(value)
    if value is None or array.dtype.kind in "OSU":
        raise Refusal("value must be numbers, not text or nothing")
    try:
        reader.values[node.output[0]] = Constant(finite(array))
    except ValueError as error:
        raise Refusal(f"value {error}") from error


def _add_input(reader: Reader, name: str, frame: tuple[int, ...], grid: Quantize | None) -> None:
    # NHWC means "as declared" here; the pass channels-last finds out which layout it is.
    layout: Literal["NHWC", "N"] = "NHWC" if len(frame) == 3 else "N"
    node = reader.builder.add(name, Input(name, frame, layout), (), name)
    if len(frame) not in (1, 3):
        node = reader.builder.add(f"{name}/shape", Reshape(frame), [node])
    if grid is not None:
        node = reader.builder.add(f"{name}/quantize", grid, [node], name)
    reader.values[name] = Tensor(node)


def _outputs(reader: Reader, model: Any) -> tuple[list[tuple[str, str]], list[Problem]]:
    outputs, problems = [], []
    for output in model.graph.output:
        value = reader.values.get(output.name)
        if isinstance(value, Codes):
            # Whole numbers, which the host gives as it gives all outputs.
            node = helper.make_node("Identity", [], [output.name], name=f"{output.name}/codes")
            value = Tensor(as_numbers(reader, node, value))
        if isinstance(value, Tensor):
            outputs.append((value.node, output.name))
        elif not isinstance(value, Refused):
            problems.append(
                Problem(
                    "",
                    "",
                    f"output '{output.name}' must be computed from the model's input, "
                    "not a constant",
                )
            )
    return outputs, problems
