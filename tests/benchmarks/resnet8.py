"""ResNet-8 (MLPerf Tiny) against ONNX Runtime: decisions, every activation, and speed.

Run as ``SANGI_DATA=… python tests/benchmarks/resnet8.py``. ONNX Runtime runs with its graph
optimizations disabled throughout: its fused integer kernels round differently. Exit code 1 where
one of the printed demands is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from sangi.compiler.check.check import check_model
from sangi.compiler.cli.inspection import show_check
from sangi.compiler.frontend import load
from sangi.runtime.host import execute, prepare
from sangi.runtime.program import Program

IMAGES = "cifar10/test_lossless_0000_0499.npz"
CALIBRATION = "cifar10/train_lossless_5009.npz"
INT8 = "models/mlperf_ic_resnet8_int8.onnx"
FLOAT = "models/mlperf_ic_resnet8_float.onnx"

EQUAL_SHARE = 0.99999
SPEED_SHARE = 0.15
POINTS_LOST = 1.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables; return 1 where a demand is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=500, help="images for top-1")
    parser.add_argument("--frames", type=int, default=50, help="images compared by element")
    parser.add_argument("--part", choices=["int8", "float", "speed"], action="append")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if "SANGI_DATA" not in os.environ:
        print("SANGI_DATA must name the folder of models and images", file=sys.stderr)
        return 2
    data = Path(os.environ["SANGI_DATA"])
    if options.measure:
        print(json.dumps(measure_speed(data)))
        return 0
    parts = options.part or ["int8", "float", "speed"]
    demands: list[tuple[str, bool]] = []
    if "int8" in parts:
        demands += compare_int8(data, options.images, options.frames)
    if "float" in parts:
        demands += compare_float(data, options.images)
    if "speed" in parts:
        demands += compare_speed()
    print()
    for text, held in demands:
        print(f"{'ok    ' if held else 'MISSED'}  {text}")
    return 0 if all(held for _, held in demands) else 1


def compare_int8(data: Path, images: int, frames: int) -> list[tuple[str, bool]]:
    """Compare the int8 model: top-1, and every layer on ONNX Runtime's own inputs."""
    x, y = read_images(data, images)
    ours = scores(load(data / INT8), x).argmax(axis=1)
    theirs = session_scores(session(data / INT8), x).argmax(axis=1)
    other = int((ours != theirs).sum())
    print(
        f"int8, {len(x)} images: top-1 {percent(ours, y)} sangi, {percent(theirs, y)} ONNX Runtime"
    )
    check = check_model(data / INT8, x[:frames])
    show_check(check)
    total = check.fed
    plain = sum(
        steps.unequal for layer, steps in check.judged if layer.op in ("Add", "AveragePool")
    )
    return [
        (f"decisions that differ: {other} (at most 1)", other <= 1),
        (
            f"equal elements: {total.share:.6%} (at least {EQUAL_SHARE:.3%})",
            total.share >= EQUAL_SHARE,
        ),
        (f"largest difference: {total.largest} (at most 1)", total.largest <= 1),
        (f"unequal elements of Adds and poolings: {plain} (none)", plain == 0),
    ]


def compare_float(data: Path, images: int) -> list[tuple[str, bool]]:
    """Compare the float model quantized to 8 bits with the float model itself."""
    program = load(data / FLOAT, data=data / CALIBRATION)
    x, y = read_images(data, images)
    ours = scores(program, x).argmax(axis=1)
    theirs = session_scores(session(data / FLOAT), x).argmax(axis=1)
    print(
        f"\nfloat, {len(x)} images: top-1 {percent(ours, y)} sangi at 8 bits, "
        f"{percent(theirs, y)} ONNX Runtime in float"
    )
    lost = 100 * float((theirs == y).mean() - (ours == y).mean())
    return [(f"points lost by 8 bits: {lost:.1f} (at most {POINTS_LOST})", lost <= POINTS_LOST)]


def compare_speed() -> list[tuple[str, bool]]:
    """Measure both on one thread, in one process of its own."""
    # The number of BLAS threads is fixed when NumPy is loaded, so it needs a process.
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    result = subprocess.run(
        [sys.executable, __file__, "--measure"],
        env={**os.environ, **threads},
        capture_output=True,
        text=True,
        check=True,
    )
    rates = json.loads(result.stdout.splitlines()[-1])
    share = rates["sangi"] / rates["onnxruntime"]
    print(
        f"\none thread each: {rates['sangi']:.0f} images/s NumPy reference, "
        f"{rates['onnxruntime']:.0f} ONNX Runtime unfused"
    )
    return [
        (
            f"share of ONNX Runtime's speed: {share:.2f} (at least {SPEED_SHARE})",
            share >= SPEED_SHARE,
        )
    ]


def measure_speed(data: Path) -> dict[str, float]:
    """Return images per second of both, the best of several rounds taken in turns."""
    program = load(data / INT8)
    x, _ = read_images(data, 256)
    runner = session(data / INT8)
    inputs = prepare(program, x)
    best = {"sangi": 0.0, "onnxruntime": 0.0}
    runs: dict[str, Callable[[], Any]] = {
        "sangi": lambda: [program.run(*(v[i : i + 64] for v in inputs)) for i in range(0, 256, 64)],
        "onnxruntime": lambda: session_scores(runner, x),
    }
    for _ in range(5):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            best[name] = max(best[name], len(x) / (time.perf_counter() - start))
    return best


def session(path: Path) -> onnxruntime.InferenceSession:
    """Open a model on one thread without graph optimizations."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def session_scores(runner: onnxruntime.InferenceSession, x: np.ndarray) -> np.ndarray:
    """Return the first output for every image; the models have a batch of 1."""
    entry = runner.get_inputs()[0]
    frames = x.astype(np.float32)
    if tuple(entry.shape[1:]) != x.shape[1:]:
        frames = np.ascontiguousarray(frames.transpose(0, 3, 1, 2))
    runs = (runner.run(None, {entry.name: frames[i : i + 1]}) for i in range(len(frames)))
    return np.concatenate([scores for (scores,) in runs])


def scores(program: Program, x: np.ndarray) -> np.ndarray:
    """Return the reference's first output for every image."""
    return next(iter(execute(program, x).values()))


def read_images(data: Path, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the first lossless CIFAR-10 test images and labels."""
    with np.load(data / IMAGES) as content:
        return content["x"][:count], content["y"][:count]


def percent(decisions: np.ndarray, labels: np.ndarray) -> str:
    """Return the share of right decisions as text."""
    return f"{100 * float((decisions == labels).mean()):.1f} %"


if __name__ == "__main__":
    sys.exit(main())
