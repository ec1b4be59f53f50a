"""A small program that holds every op."""

import numpy as np
import pytest

from sangi.runtime.ops.add import Add
from sangi.runtime.ops.base import Op, TensorType
from sangi.runtime.ops.concat import Concat
from sangi.runtime.ops.conv import Conv
from sangi.runtime.ops.dense import Dense
from sangi.runtime.ops.lookup import Lookup
from sangi.runtime.ops.maxpool import MaxPool
from sangi.runtime.ops.requantize import Requantize
from sangi.runtime.ops.reshape import Reshape
from sangi.runtime.ops.sumpool import SumPool
from sangi.runtime.ops.threshold import Threshold
from sangi.runtime.program import Input, Node, Output, Program, Step


@pytest.fixture
def program() -> Program:
    """6×6×2 bytes through one op of every kind to 3 scores."""
    rng = np.random.default_rng(7)
    ops: list[tuple[str, Op, tuple[str, ...]]] = [
        ("lookup", Lookup(np.arange(256)[None] - 128, 0), ("x",)),
        ("conv", Conv(rng.integers(-9, 9, (4, 3, 3, 2)), padding=(1, 1, 1, 1)), ("lookup",)),
        ("requantize", Requantize(rng.integers(1, 9, 4), np.full(4, 8), 8, -8, 7), ("conv",)),
        ("threshold", Threshold(np.array([[-900, 0, 900]]), np.array([[-2, 0, 1, 3]])), ("conv",)),
        (
            "add",
            Add(np.ones((2, 1), int), np.zeros(1, int), 0, -10, 10),
            ("requantize", "threshold"),
        ),
        ("maxpool", MaxPool((2, 2), (2, 2)), ("add",)),
        ("sumpool", SumPool((3, 3), (3, 3)), ("maxpool",)),
        ("reshape", Reshape((4,)), ("sumpool",)),
        ("few", Dense(rng.integers(-9, 9, (3, 4))), ("reshape",)),
        ("concat", Concat(0), ("few", "reshape")),
        ("dense", Dense(rng.integers(-9, 9, (3, 7))), ("concat",)),
    ]
    types = {"x": TensorType((6, 6, 2), 0, 255)}
    for name, op, inputs in ops:
        types[name] = op.infer(*(types[source] for source in inputs))
    return Program(
        name="every",
        inputs=(Input("x", "image", (2, 6, 6), "NCHW", "bytes"),),
        nodes=tuple(Node(f"n_{name}", op, inputs, name) for name, op, inputs in ops),
        outputs=(
            Output("dense", "scores", np.array([0.5]), np.array([1.0, 0.0, -1.0])),
            Output(
                "dense",
                "chances",
                np.array([0.01]),
                np.zeros(1),
                (Step("softmax", {"axis": 0}), Step("reshape", {"shape": [1, 3]})),
            ),
        ),
        types=types,
        original_weights=105,
    )


@pytest.fixture
def ten() -> Program:
    """Ten outputs of 30 raw bytes, wide and signed, softmax on the host."""
    dense = Dense(np.random.default_rng(5).integers(-9, 10, (10, 30)))
    image = TensorType((30,), 0, 255)
    softmax = Step("softmax", {"axis": 0})
    return Program(
        name="ten",
        inputs=(Input("x", "image", (30,), "N", "bytes"),),
        nodes=(Node("dense", dense, ("x",), "y"),),
        outputs=(Output("y", "scores", np.array([0.25]), np.array([1.0]), (softmax,)),),
        types={"x": image, "y": dense.infer(image)},
        original_weights=300,
    )
