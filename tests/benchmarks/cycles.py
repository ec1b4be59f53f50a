"""Cycles per frame and latency: the dataflow model against Verilator, and the model's time.

Run as ``SANGI_DATA=… python tests/benchmarks/cycles.py [NAME …]``; without names all networks, of
which the large ones take minutes in Verilator. Exit code 1 where one differs by a cycle, where the
model of ResNet-8 takes more than two seconds, or where a network is not checked because its file
is missing.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sangi.boards.load import load_board
from sangi.compiler.compile import compile_model
from sangi.compiler.frontend import load
from sangi.compiler.mapping.dataflow import dataflow_of
from sangi.compiler.mapping.mapper import DOUBLINGS, map_program
from sangi.compiler.simulate import simulate
from sangi.sim.dataflow.steady import steady

EXAMPLES = Path(__file__).parents[2] / "examples" / "digits"

FRAMES = 4


@dataclass(frozen=True)
class Case:
    """A network, the board and rate that it is compiled for, options of the model."""

    file: str
    board: str
    fps: float | None = None
    options: dict[str, Any] = field(default_factory=dict)


CASES = {
    "digits_int8": Case("digits_int8.onnx", "ulx3s_85f", 5000.0),
    "digits_ternary": Case("digits_ternary.onnx", "ulx3s_85f", 5000.0),
    "tfc_2w2a": Case("models/zoo_TFC_2W2A.onnx", "ulx3s_85f", 2000.0, {"std": [255.0]}),
    "autoencoder": Case("models/mlperf_ad_autoencoder_int8.onnx", "zcu104", 2000.0),
    "resnet8": Case("models/mlperf_ic_resnet8_int8.onnx", "pynq_z2"),
}

MODEL_SECONDS = {"resnet8": 2.0}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; return 1 where a demand is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(CASES))
    names = parser.parse_args(arguments).names or list(CASES)
    unknown = [name for name in names if name not in CASES]
    if unknown:
        parser.error(f"NAME must be one of {', '.join(CASES)}, not {unknown[0]}")
    print(
        f"{'network':16}{'interval':>10}{'Verilator':>10}{'latency':>10}{'Verilator':>10}{'s':>8}"
    )
    held = True
    for name in names:
        held = compare(name, CASES[name]) and held
    return 0 if held else 1


def compare(name: str, case: Case) -> bool:
    """Print the line of a network; return whether its figures agree and were found in time."""
    model = find(case.file)
    if model is None:
        print(f"{name:16}  not checked: SANGI_DATA must name a folder with {case.file}")
        return False
    seconds = model_seconds(model, case)
    with tempfile.TemporaryDirectory() as folder:
        build = Path(folder) / "build"
        report = compile_model(model, case.board, out=build, target_fps=case.fps, **case.options)
        found = simulate(build, frames=FRAMES)
    interval, latency = report["cycles_per_frame"], report["latency_cycles"]
    print(
        f"{name:16}{interval:>10}{found.cycles_per_frame!s:>10}{latency:>10}"
        f"{found.latency_cycles!s:>10}{seconds:>8.2f}"
    )
    equal = (interval, latency) == (found.cycles_per_frame, found.latency_cycles)
    return equal and found.mismatches == 0 and seconds < MODEL_SECONDS.get(name, float("inf"))


def model_seconds(model: Path, case: Case) -> float:
    """Return the processor time in which the model proves the steady state of a design."""
    program = load(model, mapped=True, **case.options)
    dataflow = dataflow_of(map_program(program, load_board(case.board), target_fps=case.fps))
    start = time.process_time()
    steady(dataflow, doublings=DOUBLINGS)
    return time.process_time() - start


def find(file: str) -> Path | None:
    """Return the path of a model, None where it is among the data and is missing there."""
    if not file.startswith("models/"):
        return EXAMPLES / file
    data = os.environ.get("SANGI_DATA")
    path = None if data is None else Path(data) / file
    return path if path is not None and path.is_file() else None


if __name__ == "__main__":
    sys.exit(main())
