"""Random quantized networks with parts, paddings, Transposes and pools, against ONNX Runtime.

Scales and constants are powers of two, so that float32 is exact: every number must be equal.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sangi.compiler.frontend import load
from sangi.runtime.errors import UnsupportedError
from sangi.runtime.host import execute

from .onnx_models import Model, onnx_runtime


class Random(Model):
    """Puts random nodes behind each other; ``x`` is the last tensor, ``frame`` its (C, H, W)."""

    def __init__(self, seed: int) -> None:
        source = np.random.default_rng(seed)
        self.frame = [3, *map(int, source.integers(5, 10, 2))]
        super().__init__(("N", *self.frame), seed=seed)
        self.random = source
        self.x = self.quantize("x", 1.0, self.pick(0, 0, 7))

    def pick(self, *values: float) -> float:
        return values[int(self.random.integers(len(values)))]

    def round(self) -> None:
        scale, zero_point = self.pick(0.5, 1, 2, 4), self.pick(0, 3, 100, 128, 255)
        self.x = self.quantize(self.x, float(scale), int(zero_point))

    def put(self, kind: str, *inputs: str, **options: object) -> None:
        self.x = self.node(kind, self.x, *inputs, **options)

    def numbers(self, *numbers: int) -> str:
        return self.constant(np.array(numbers, np.int64))

    def part(self) -> None:
        axis = int(self.random.integers(3))
        size = self.frame[axis]
        start = int(self.random.integers(0, size))
        end = int(self.random.integers(start + 1, size + 1))
        step = int(self.random.integers(1, 3))
        self.put("Slice", *(self.numbers(n) for n in (start, end, axis + 1, step)))
        self.frame[axis] = -(-(end - start) // step)

    def pad(self) -> None:
        sides = self.random.integers(0, 3, 6) * self.random.integers(0, 2, 6)
        self.put("Pad", self.numbers(0, *sides[:3], 0, *sides[3:]))
        self.frame = [int(n + sides[i] + sides[i + 3]) for i, n in enumerate(self.frame)]

    def layer(self) -> None:
        self.round()
        filters = int(self.random.integers(2, 6))
        self.x = self.qconv(self.x, filters, self.frame[0], 3, bool(self.pick(0, 1)), pads=[1] * 4)
        self.frame[0] = filters

    def pool(self) -> None:
        self.round()
        if min(self.frame[1:]) > 1:
            options = self.pick(0, 1)
            kind = "MaxPool" if options else "AveragePool"
            self.put(kind, kernel_shape=[2, 2], **({} if options else {"count_include_pad": 1}))
            self.frame[1:] = [size - 1 for size in self.frame[1:]]
        self.round()

    def limit(self) -> None:
        if self.pick(0, 1):
            self.put("Relu")
        else:
            low, high = np.float32(self.pick(-3, 0, 1)), np.float32(self.pick(6, 40))
            self.put("Clip", self.constant(low), self.constant(high))

    def multiply(self) -> None:
        factors = self.random.choice([-1.0, 0.5, 2, 4], (self.frame[0], 1, 1))
        self.put("Mul", self.constant(factors.astype(np.float32)))

    def combine(self) -> None:
        self.round()
        self.put(*(("Add", self.x) if self.pick(0, 1) else ("Sub", self.node("Relu", self.x))))

    def turn(self) -> None:
        self.put("Transpose", perm=[0, 2, 3, 1])
        self.put("Relu")
        self.put("Transpose", perm=[0, 3, 1, 2])

    def build(self) -> None:
        steps: tuple[Callable[[], None], ...] = (
            self.part,
            self.pad,
            self.layer,
            self.pool,
            self.limit,
            self.multiply,
            self.combine,
            self.turn,
            self.round,
        )
        for _ in range(int(self.random.integers(2, 9))):
            steps[int(self.random.integers(len(steps)))]()
        self.round()


def agree(folder: Path, seed: int) -> bool:
    """Compare one network; return whether the circuit has it."""
    model = Random(seed)
    model.build()
    path = model.save(folder, model.x)
    x = model.random.integers(0, 256, (4, *model.shape[1:])).astype(np.uint8)
    try:
        program = load(path)
    except UnsupportedError as refused:
        assert "the input must" in str(refused), seed
        return False
    given = x.transpose(0, 2, 3, 1) if program.inputs[0].layout == "NCHW" else x
    (want,), (got,) = onnx_runtime(path, x), execute(program, given).values()
    assert np.array_equal(got, want), seed
    return True


@pytest.mark.parametrize("part", range(4))
def test_random_networks(tmp_path: Path, part: int) -> None:
    taken = [agree(tmp_path, seed) for seed in range(10 * part, 10 * part + 10)]
    assert sum(taken) >= 8


@pytest.mark.slow
def test_many_random_networks(tmp_path: Path) -> None:
    taken = [agree(tmp_path, seed) for seed in range(1000, 2000)]
    assert sum(taken) >= 900
