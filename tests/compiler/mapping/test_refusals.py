"""What has no engine and what the shell does not carry, all at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sangi.boards.load import load_board
from sangi.compiler.mapping.design import Design
from sangi.compiler.mapping.mapper import map_program
from sangi.compiler.mapping.refusals import node_problems, shell_problems, size_problems
from sangi.runtime.errors import UnsupportedError
from sangi.runtime.ops.base import TensorType
from sangi.runtime.program import Input, Node, Output, Program

from .programs import Negate


def chain(*names: str) -> Program:
    """Nodes without an engine, one after the other."""
    types = {"x": TensorType((9, 9, 4), 0, 255)}
    nodes = []
    source = "x"
    for name in names:
        nodes.append(Node(name, Negate(), (source,), f"{name}:0"))
        types[f"{name}:0"] = Negate().infer(types[source])
        source = f"{name}:0"
    return Program(
        "net",
        (Input("x", "x", (9, 9, 4), "NHWC", "bytes"),),
        tuple(nodes),
        (Output(source, "y", np.ones(1), np.zeros(1)),),
        types,
        0,
    )


def test_every_node_without_an_engine_is_named() -> None:
    said = (
        "Negate has no engine; there are engines for Conv, Dense, MaxPool, SumPool, Requantize, "
        "Threshold, Lookup, Add, Concat, Reshape"
    )
    program = chain("a", "b")
    assert [str(problem) for problem in node_problems(program.nodes)] == [
        f"Negate 'a': {said}",
        f"Negate 'b': {said}",
    ]
    with pytest.raises(UnsupportedError) as caught:
        map_program(program, load_board("ulx3s_85f"))
    assert str(caught.value) == (
        "net holds 2 nodes that cannot be mapped to a circuit:\n"
        f"  Negate 'a': {said}\n  Negate 'b': {said}"
    )


def test_a_network_that_can_be_mapped_has_no_problems(small: Design) -> None:
    assert node_problems(small.program.nodes) == ()
    assert shell_problems(small.program) == ()


def texts(program: Program) -> list[str]:
    return [str(problem) for problem in shell_problems(program)]


def test_the_shell_carries_one_input_and_one_output(small: Design) -> None:
    program = small.program
    (entry,), (output,) = program.inputs, program.outputs
    both = replace(output, tensor="pooled", name="pooled")
    assert texts(replace(program, outputs=(output, both))) == [
        "the model must have one output, not 2: scores, pooled; the packet shell carries one"
    ]
    other = replace(entry, tensor="z", name="mask")
    types = {**program.types, "z": TensorType((4,), 0, 1)}
    assert texts(replace(program, inputs=(entry, other), types=types)) == [
        "the model must have one input, not 2: image, mask; the packet shell carries one",
        "input 'mask' must have an influence on the outputs",
    ]


def test_outputs_are_computed(small: Design) -> None:
    (output,) = small.program.outputs
    assert texts(replace(small.program, outputs=(replace(output, tensor="x"),))) == [
        "output 'scores' must be computed, not be an input of the network"
    ]


def test_frames_are_shorter_than_the_link_counts(small: Design) -> None:
    types = {**small.program.types, "x": TensorType((4096, 2048, 2), 0, 255)}
    assert texts(replace(small.program, types=types)) == [
        "input 'image' must have less than 16777216 bytes a frame, not 16777216; "
        "use a smaller --input-shape"
    ]


def test_frames_that_the_mapping_cannot_hold(small: Design) -> None:
    assert size_problems(small.program) == ()
    types = {**small.program.types, "act": TensorType((2048, 2048, 2), 0, 255)}
    assert [str(problem) for problem in size_problems(replace(small.program, types=types))] == [
        "Requantize 'block/quant': output must have at most 4,194,304 elements a frame, "
        "not 8,388,608; use a smaller --input-shape"
    ]
    types = {**small.program.types, "x": TensorType((2048, 2049, 1), 0, 255)}
    assert [str(problem) for problem in size_problems(replace(small.program, types=types))] == [
        "input 'image' must have at most 4,194,304 elements a frame, not 4,196,352; "
        "use a smaller --input-shape"
    ]
