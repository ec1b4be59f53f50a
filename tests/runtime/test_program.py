"""Running programs, and the digest that names them."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from sangi.runtime.errors import DataError
from sangi.runtime.program import Program


def images(count: int = 5) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, 6, 6, 2)).astype(np.uint8)


def test_every_tensor_has_its_declared_shape_range_and_dtype(program: Program) -> None:
    tensors = program.run(images())
    assert set(tensors) == set(program.types)
    for name, type_ in program.types.items():
        assert tensors[name].shape == (5, *type_.shape)
        assert tensors[name].dtype == type_.dtype
        assert type_.low <= tensors[name].min() and tensors[name].max() <= type_.high


def test_frames_do_not_depend_on_each_other(program: Program) -> None:
    x = images(7)
    together = program.run(x)
    for n in range(len(x)):
        for name, value in program.run(x[n : n + 1]).items():
            assert np.array_equal(together[name][n : n + 1], value)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((1, 6, 6, 3), np.uint8), r"shape \(N, 6, 6, 2\), not \(1, 6, 6, 3\)"),
        (np.zeros((6, 6, 2), np.uint8), r"shape \(N, 6, 6, 2\), not \(6, 6, 2\)"),
        (np.zeros((1, 6, 6, 2), np.float32), "must hold integers, not float32"),
        (np.full((1, 6, 6, 2), 256), "must lie in 0…255, not 256…256"),
        (np.full((1, 6, 6, 2), -1), "must lie in 0…255, not -1…-1"),
    ],
)
def test_refuses_other_inputs(program: Program, x: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=f"input 'image' must .*{message}|{message}"):
        program.run(x)


def test_refuses_another_number_of_inputs(program: Program) -> None:
    with pytest.raises(DataError, match="must be 1 arrays, not 2"):
        program.run(images(), images())


def test_digest_follows_every_part(program: Program) -> None:
    conv = program.nodes[1].op
    weights = conv.weights.copy()
    weights[3, 2, 2, 1] += 1
    changed = (
        replace(program.nodes[1], op=replace(conv, weights=weights)),
        replace(program.nodes[1], op=replace(conv, pad_value=1)),
        replace(program.nodes[1], op=replace(conv, padding=(0, 1, 2, 1))),
    )
    others = [
        replace(program, nodes=(program.nodes[0], node, *program.nodes[2:])) for node in changed
    ]
    others.append(replace(program, outputs=program.outputs[:1]))
    others.append(
        replace(
            program,
            outputs=(replace(program.outputs[0], scale=np.array([0.25])), program.outputs[1]),
        )
    )
    others.append(replace(program, inputs=(replace(program.inputs[0], kind="codes"),)))
    digests = [program.digest, *(other.digest for other in others)]
    assert len(set(digests)) == len(digests)
    assert replace(program).digest == program.digest
    assert len(program.digest) == 64


def test_digest_does_not_depend_on_hash_order() -> None:
    script = (
        "import numpy as np\n"
        "from sangi.runtime.ops.base import TensorType\n"
        "from sangi.runtime.ops.dense import Dense\n"
        "from sangi.runtime.program import Input, Node, Program\n"
        "types = {'x': TensorType((2,), 0, 9), 'y': TensorType((1,), 0, 18)}\n"
        "node = Node('n', Dense(np.ones((1, 2), int)), ('x',), 'y')\n"
        "entry = Input('x', 'x', (2,), 'N', 'bytes')\n"
        "print(Program('p', (entry,), (node,), (), types, 2).digest)\n"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1
