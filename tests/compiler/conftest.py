"""A small network, made by hand: a convolution with a residual addition, pooled and classified."""

from __future__ import annotations

import numpy as np
import pytest

from sangi.boards.board import Board
from sangi.compiler.mapping.design import Design, Stream, Unit
from sangi.hdl.add.params import AddParams
from sangi.hdl.beat import Beat
from sangi.hdl.engines import engine_of
from sangi.hdl.folded.params import FoldedParams
from sangi.hdl.fork.params import ForkParams
from sangi.hdl.globalpool.params import GlobalPoolParams
from sangi.hdl.requantize.params import RequantizeParams
from sangi.hdl.width.params import WidthParams
from sangi.hdl.window.params import WindowParams
from sangi.runtime.ops.add import Add
from sangi.runtime.ops.base import TensorType
from sangi.runtime.ops.conv import Conv
from sangi.runtime.ops.dense import Dense
from sangi.runtime.ops.requantize import Requantize
from sangi.runtime.ops.reshape import Reshape
from sangi.runtime.ops.sumpool import SumPool
from sangi.runtime.program import Input, Node, Output, Program
from sangi.sim.dataflow.graph import Channel, Dataflow, Endpoint, Process
from sangi.sim.dataflow.steady import steady

HEIGHT, WIDTH, CHANNELS, CLASSES = 5, 4, 2, 3
PIXELS = HEIGHT * WIDTH
BOARD = Board("bench", "Bench", "none", "xc7", 1, 1, 1, 1, 100.0)

BYTE = Beat(1, 8, False)
WIDE_BYTE = Beat(2, 8, False)
SUM = Beat(2, 9, False)


def make_program() -> Program:
    """Return the program; the name of one node holds what Verilog does not take."""
    source = np.random.default_rng(7)
    conv = Conv(
        source.integers(-7, 8, (CHANNELS, 3, 3, CHANNELS)), padding=(1, 1, 1, 1), pad_value=5
    )
    requantize = Requantize(np.array([5, 9]), np.array([900, -31]), 6, 0, 255)
    add = Add(np.array([[1], [1]]), np.array([0]), 0, 0, 510)
    pool = SumPool((HEIGHT, WIDTH), (1, 1))
    dense = Dense(source.integers(-3, 4, (CLASSES, CHANNELS)))
    nodes = (
        Node("block/conv*/", conv, ("x",), "acc"),
        Node("block/quant", requantize, ("acc",), "act"),
        Node("block/add", add, ("act", "x"), "sum"),
        Node("pool", pool, ("sum",), "pooled"),
        Node("flatten", Reshape((CHANNELS,)), ("pooled",), "flat"),
        Node("classify", dense, ("flat",), "scores"),
    )
    types = {"x": TensorType((HEIGHT, WIDTH, CHANNELS), 0, 255)}
    for node in nodes:
        types[node.output] = node.op.infer(*(types[name] for name in node.inputs))
    return Program(
        "small",
        (Input("x", "image", (HEIGHT, WIDTH, CHANNELS), "NHWC", "bytes"),),
        nodes,
        (Output("scores", "scores", np.ones(1), np.zeros(1)),),
        types,
        original_weights=42,
    )


def make_units(program: Program) -> tuple[Unit, ...]:
    """Return the units, every engine once or more."""
    window = WindowParams(
        HEIGHT, WIDTH, CHANNELS, (3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 5, WIDE_BYTE, 2, 2
    )
    conv = FoldedParams(window, CHANNELS, 1, beat(program, "acc", 1), 4, "lut", "distributed")
    requantize = RequantizeParams(
        PIXELS, CHANNELS, beat(program, "acc", 1), BYTE, 2, 4, False, 11, 19, 6, False, 0, 255
    )
    add = AddParams(
        PIXELS, CHANNELS, (WIDE_BYTE, WIDE_BYTE), SUM, 1, (1, 1), False, 1, 11, 0, False, 0, 510
    )
    pooled = beat(program, "pooled", 2)
    pool = GlobalPoolParams(PIXELS, CHANNELS, "sum", SUM, pooled)
    vector = WindowParams(1, 1, CHANNELS, (1, 1), (1, 1), (0, 0, 0, 0), (1, 1), 0, pooled, 2, 1)
    dense = FoldedParams(
        vector, CLASSES, CLASSES, beat(program, "scores", 1), 3, "dsp", "distributed"
    )
    return (
        Unit("l00_fork", "fork", ForkParams(WIDE_BYTE, PIXELS, 2), None, ("s00",), ("s01", "s02")),
        Unit("l01_conv_block_conv", "folded", conv, "block/conv*/", ("s01",), ("s03",)),
        Unit("l02_requantize", "requantize", requantize, "block/quant", ("s03",), ("s04",)),
        Unit("l03_width", "width", WidthParams(40, BYTE, WIDE_BYTE), None, ("s04",), ("s05",)),
        Unit("l04_add_block_add", "add", add, "block/add", ("s05", "s02"), ("s06",)),
        Unit("l05_pool_pool", "globalpool", pool, "pool", ("s06",), ("s07",)),
        Unit("l06_dense_classify", "folded", dense, "classify", ("s07",), ("s08",)),
    )


def beat(program: Program, tensor: str, lanes: int) -> Beat:
    """Return the beat of a tensor, as wide as its type."""
    kind = program.types[tensor]
    return Beat(lanes, kind.bits, kind.signed)


def make_streams(program: Program, units: tuple[Unit, ...]) -> tuple[Stream, ...]:
    """Return the streams between the units."""
    tensors = ("x", "x", "x", "acc", "act", "act", "sum", "pooled", "scores")
    lanes = (2, 2, 2, 1, 1, 2, 2, 2, 1)
    depths = (0, 4, 24, 4, 4, 4, 4, 2, CLASSES)
    streams = []
    for number, (tensor, lane, depth) in enumerate(zip(tensors, lanes, depths, strict=True)):
        name = f"s{number:02}"
        source = next((unit.name for unit in units if name in unit.outputs), None)
        target = next((unit.name for unit in units if name in unit.inputs), None)
        beats = program.types[tensor].elements // lane
        streams.append(
            Stream(name, tensor, beat(program, tensor, lane), beats, depth, source, target)
        )
    return tuple(streams)


def as_dataflow(units: tuple[Unit, ...], streams: tuple[Stream, ...]) -> Dataflow:
    """Return the dataflow model of the units and streams."""
    processes = tuple(
        Process(unit.name, engine_of(unit.params).schedule(unit.params)) for unit in units
    )

    def endpoint(stream: str, side: str) -> Endpoint | None:
        for number, unit in enumerate(units):
            names = getattr(unit, side)
            if stream in names:
                return Endpoint(number, names.index(stream))
        return None

    channels = tuple(
        Channel(
            stream.name,
            endpoint(stream.name, "outputs"),
            endpoint(stream.name, "inputs"),
            stream.depth,
        )
        for stream in streams
    )
    return Dataflow(processes, channels)


@pytest.fixture(scope="session")
def small() -> Design:
    """The small network as a design, with the cycles of the dataflow model."""
    program = make_program()
    units = make_units(program)
    streams = make_streams(program, units)
    proved = steady(as_dataflow(units, streams))
    return Design(
        program, BOARD, 100.0, units, streams, proved.cycles_per_frame, proved.latency_cycles
    )
