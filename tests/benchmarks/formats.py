"""Every QDQ and QONNX model against what executes it: ONNX Runtime, or qonnx.

Run as ``SANGI_DATA=… python tests/benchmarks/formats.py [--frames 100] [NAME …]``. Exit code 1
where a model misses the limits (99.99 % of the elements equal and none off by more than one step,
where every layer gets the oracle's tensors), or where one is refused or taken unexpectedly.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from sangi.compiler.check.check import check_model
from sangi.compiler.cli.inspection import show_check
from sangi.runtime.errors import UnsupportedError

SEED = 1

Images = Callable[[Path, int], np.ndarray]


@dataclass(frozen=True)
class Case:
    """A model of the data folder, and what it is fed with.

    Attributes
    ----------
    model : str
        File name.
    images : callable
        From the data folder and a number to so many raw images.
    options : mapping
        Of ``check_model``: what the file's documentation says of its input.
    missing : str
        The op that has no circuit yet; empty where the model must be taken.
    """

    model: str
    images: Images
    options: Mapping[str, Any] = field(default_factory=dict)
    missing: str = ""


def from_file(name: str) -> Images:
    """Return what reads images of the data folder."""

    def read(data: Path, count: int) -> np.ndarray:
        with np.load(data / name) as content:
            return np.asarray(content["x"][:count])

    return read


def random_bytes(*shape: int) -> Images:
    """Return what draws bytes."""

    def draw(_: Path, count: int) -> np.ndarray:
        return np.random.default_rng(SEED).integers(0, 256, (count, *shape)).astype(np.uint8)

    return draw


def random_normal(scale: float, *shape: int) -> Images:
    """Return what draws floats."""

    def draw(_: Path, count: int) -> np.ndarray:
        drawn = np.random.default_rng(SEED).normal(scale=scale, size=(count, *shape))
        return drawn.astype(np.float32)

    return draw


MNIST = from_file("mnist/test_0000_4999.npz")
CIFAR = from_file("cifar10/test_lossless_0000_0499.npz")

CASES: tuple[Case, ...] = (
    Case("mlperf_ic_resnet8_int8.onnx", CIFAR),
    # Machine noise is not among the data; its features are log mel energies of about this size.
    Case("mlperf_ad_autoencoder_int8.onnx", random_normal(3.0, 640)),
    *(
        Case(f"zoo_TFC_{bits}{suffix}.onnx", MNIST, {"std": [255.0]})
        for bits in ("1W1A", "2W2A")
        for suffix in ("", "_clean")
    ),
    # No quantizer at its input: bytes of -4 … 4 in steps of 1/32 are a grid.
    Case("zoo_qkeras_jettagging.onnx", random_bytes(16), {"mean": [128.0], "std": [32.0]}),
    Case(
        "qonnx_espcn_quant.onnx",
        random_bytes(128, 128, 3),
        {"mean": [128.0], "std": [64.0]},
        "DepthToSpace",
    ),
    Case("hls4ml_separable_conv_model_ch_last.onnx", random_bytes(512, 512, 3), {}, "LeakyRelu"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables; return 1 where a demand is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="models whose name holds this")
    parser.add_argument("--frames", type=int, default=100)
    options = parser.parse_args(arguments)
    if "SANGI_DATA" not in os.environ:
        print("SANGI_DATA must name the folder of models and images", file=sys.stderr)
        return 2
    data = Path(os.environ["SANGI_DATA"])
    verdicts = [
        verdict(case, data, options.frames)
        for case in CASES
        if not options.names or any(name in case.model for name in options.names)
    ]
    print()
    for text, held in verdicts:
        print(f"{'ok    ' if held else 'MISSED'}  {text}")
    return 0 if all(held for _, held in verdicts) else 1


def verdict(case: Case, data: Path, frames: int) -> tuple[str, bool]:
    """Check one model, print its table or its refusal, and say whether it is as it must be."""
    print(f"\n== {case.model}")
    try:
        images = case.images(data, frames)
        check = check_model(data / "models" / case.model, images, **case.options)
    except UnsupportedError as error:
        print(error)
        return f"{case.model}: refused", bool(case.missing) and case.missing in str(error)
    show_check(check)
    text = (
        f"{case.model}: {check.fed.share:.5%} of {check.fed.elements:,} elements equal to "
        f"{check.oracle}, largest difference {check.fed.largest}"
    )
    return text, not case.missing and not check.mismatches


if __name__ == "__main__":
    sys.exit(main())
