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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime

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


@dataclass(frozen=True)
class Layer:
    """How one quantized tensor compares when its layer gets ONNX Runtime's own inputs."""

    name: str
    op: str
    elements: int
    unequal: int
    largest: int


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
    program = load(data / INT8)
    x, y = read_images(data, images)
    ours = scores(program, x).argmax(axis=1)
    theirs = session_scores(session(data / INT8), x).argmax(axis=1)
    other = int((ours != theirs).sum())
    print(
        f"int8, {len(x)} images: top-1 {percent(ours, y)} sangi, {percent(theirs, y)} ONNX Runtime"
    )
    layers = compare_layers(program, data / INT8, x[:frames])
    print(f"\nlayers on ONNX Runtime's inputs, {min(frames, len(x))} images")
    print(f"{'layer':34} {'op':12} {'elements':>9} {'unequal':>8} {'largest':>8}")
    for layer in layers:
        print(
            f"{layer.name:34} {layer.op:12} {layer.elements:9} {layer.unequal:8} {layer.largest:8}"
        )
    total = sum(layer.elements for layer in layers)
    unequal = sum(layer.unequal for layer in layers)
    largest = max(layer.largest for layer in layers)
    plain = sum(layer.unequal for layer in layers if layer.op in ("Add", "SumPool"))
    share = 1 - unequal / total
    print(f"{'all':47} {total:9} {unequal:8} {largest:8}   {share:.6%} equal")
    return [
        (f"decisions that differ: {other} (at most 1)", other <= 1),
        (f"equal elements: {share:.6%} (at least {EQUAL_SHARE:.3%})", share >= EQUAL_SHARE),
        (f"largest difference: {largest} (at most 1)", largest <= 1),
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


def compare_layers(program: Program, path: Path, x: np.ndarray) -> list[Layer]:
    """Compare every quantized tensor, each computed from ONNX Runtime's own tensors before it."""
    model = onnx.load(path)
    quantized = [node.output[0] for node in model.graph.node if node.op_type == "QuantizeLinear"]
    shapes = {name: type_.shape for name, type_ in program.types.items()}
    wanted = [name for name in quantized if name in shapes]
    theirs = {
        name: channels_last(value, shapes[name])
        for name, value in session_tensors(model, wanted, x).items()
    }
    theirs[program.inputs[0].tensor] = prepare(program, x)[0]
    makers = {node.output: node for node in program.nodes}
    layers = []
    for name in wanted:
        ops: list[str] = []

        def compute(tensor: str, ops: list[str] = ops) -> np.ndarray:
            node = makers[tensor]
            ops.append(type(node.op).__name__)
            sources = (theirs[s] if s in theirs else compute(s) for s in node.inputs)
            return node.op.apply(*sources)

        difference = np.abs(compute(name).astype(np.int64) - theirs[name])
        ops = [op for op in ops if op not in ("Requantize", "Reshape")] or ops
        layers.append(
            Layer(
                makers[name].name,
                ops[-1],
                difference.size,
                int((difference > 0).sum()),
                int(difference.max()),
            )
        )
    return layers


def session(model: Path | onnx.ModelProto) -> onnxruntime.InferenceSession:
    """Open a model on one thread without graph optimizations."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    source = model.SerializeToString() if isinstance(model, onnx.ModelProto) else str(model)
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def session_scores(runner: onnxruntime.InferenceSession, x: np.ndarray) -> np.ndarray:
    """Return the first output for every image; the models have a batch of 1."""
    return np.concatenate([scores for (scores,) in session_runs(runner, None, x)])


def session_runs(
    runner: onnxruntime.InferenceSession, names: Sequence[str] | None, x: np.ndarray
) -> list[list[np.ndarray]]:
    """Return the named outputs (all for None) for every image, in the layout the model takes."""
    entry = runner.get_inputs()[0]
    frames = x.astype(np.float32)
    if tuple(entry.shape[1:]) != x.shape[1:]:
        frames = np.ascontiguousarray(frames.transpose(0, 3, 1, 2))
    return [runner.run(names, {entry.name: frames[i : i + 1]}) for i in range(len(frames))]


def session_tensors(
    model: onnx.ModelProto, names: Sequence[str], x: np.ndarray
) -> dict[str, np.ndarray]:
    """Return inner tensors for every image, as ONNX Runtime computes them."""
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    known = {out.name for out in changed.graph.output}
    zeros = {
        node.output[0]: node.input[2]
        for node in model.graph.node
        if node.op_type == "QuantizeLinear"
    }
    types = {entry.name: entry.data_type for entry in model.graph.initializer}
    for name in names:
        if name not in known:
            changed.graph.output.add().CopyFrom(
                onnx.helper.make_tensor_value_info(name, types[zeros[name]], None)
            )
    runner = session(changed)
    runs = session_runs(runner, list(names), x)
    return {
        name: np.concatenate(values)
        for name, values in zip(names, zip(*runs, strict=True), strict=True)
    }


def channels_last(value: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return a tensor (N, C, H, W) in the program's order; others have the same order already."""
    if len(shape) == 3 and value.shape[1:] == (shape[2], *shape[:2]):
        return value.transpose(0, 2, 3, 1)
    return value.reshape(len(value), *shape)


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
