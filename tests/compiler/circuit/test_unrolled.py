"""A network of unrolled layers in Verilator: every stream in every bit, and the model's cycles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sangi.boards.load import load_board
from sangi.compiler.circuit.frames import random_frames
from sangi.compiler.circuit.ports import input_streams, output_streams
from sangi.compiler.circuit.probes import probes_of
from sangi.compiler.circuit.verilog import write_rtl
from sangi.compiler.mapping.mapper import map_program
from sangi.compiler.mapping.wishes import LayerWish, Wishes
from sangi.runtime.ops.base import TensorType
from sangi.runtime.ops.conv import Conv
from sangi.runtime.ops.dense import Dense
from sangi.runtime.ops.requantize import Requantize
from sangi.runtime.ops.reshape import Reshape
from sangi.runtime.program import Input, Node, Output, Program
from sangi.sim.probe import pack
from sangi.sim.verilator.compare import compare
from sangi.sim.verilator.model import Model, build_model, run_model

FRAMES = 4


def program() -> Program:
    """Two convolutions and a dense layer of ternary weights."""
    rng = np.random.default_rng(5)
    nodes: list[Node] = []
    types = {"x": TensorType((6, 6, 3), 0, 255)}

    def node(name: str, op: Conv | Dense | Requantize | Reshape, source: str) -> str:
        types[name] = op.infer(types[source])
        nodes.append(Node(name, op, (source,), name))
        return name

    def rounded(name: str, source: str) -> str:
        scale, offset = np.full(1, 1 << 8), np.full(1, 1 << 11)
        return node(name, Requantize(scale, offset, 12, 0, 15, ties=False), source)

    first = rng.integers(-1, 2, (4, 3, 3, 3))
    y = rounded("first_q", node("first", Conv(first, (1, 1), (1, 1, 1, 1)), "x"))
    second = rng.integers(-1, 2, (4, 3, 3, 4))
    y = rounded("second_q", node("second", Conv(second, (2, 2), (1, 1, 1, 1)), y))
    y = node("flat", Reshape((types[y].elements,)), y)
    y = node("dense", Dense(rng.integers(-1, 2, (5, types[y].channels))), y)
    one = np.ones(1)
    return Program(
        name="unrolled",
        inputs=(Input("x", "x", (6, 6, 3), "NHWC", "bytes"),),
        nodes=tuple(nodes),
        outputs=(Output(y, y, one, 0 * one),),
        types=types,
        original_weights=1,
    )


@pytest.mark.slow
@pytest.mark.ci
def test_bits_and_cycles_of_a_network(tmp_path: Path) -> None:
    digits = {"first": 0, "second": 1, "dense": 4}
    wishes = Wishes(layers={n: LayerWish("unrolled", {"digit": d}) for n, d in digits.items()})
    design = map_program(program(), load_board("ulx3s_85f"), wishes=wishes)
    engines = {unit.node: unit.engine for unit in design.units}
    assert [engines[name] for name in digits] == ["unrolled"] * 3
    (source,), (sink,) = input_streams(design), output_streams(design)
    model = Model(probes_of(design), (source.name,), (sink.name,))
    executable = build_model(model, write_rtl(design, tmp_path / "rtl"), tmp_path / "sim")
    (x,) = random_frames(design.program, FRAMES, 0)
    tensors = design.program.run(x)
    beats = pack(x, source.beat)
    for stall, seed in ((0.0, 0), (0.3, 1), (0.8, 2)):
        recording = run_model(
            executable, model, [beats], FRAMES, bound=5000, stall=stall, seed=seed
        )
        assert not recording.stuck
        streams = ((p, recording.beats[p.stream], tensors[p.tensor]) for p in model.probes)
        assert [str(difference) for difference in compare(streams)] == []
        if not stall:
            assert recording.cycles_per_frame == design.cycles_per_frame
            assert recording.latency_cycles == design.latency_cycles
