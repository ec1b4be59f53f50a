"""Running images on a device, next to the reference."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..runtime.devices.accelerator import Accelerator
from ..runtime.devices.device import Counters
from .accuracy import differing, top1
from .images import read_images
from .npz import write_npz
from .report.report import read_report
from .steps import Progress, StepLog
from .workspace import check_place

RESULTS = "results"
REFERENCE = "numpy:"


@dataclass(frozen=True, eq=False)
class Run:
    """What came out of a run.

    Attributes
    ----------
    outputs : mapping of str to array
        One array (N, …) per model output, the values that the original model gives.
    images : int
    seconds : float
        Of the device alone, from the first image to the last result.
    accuracy : float or None
        Top-1, 0 … 1; None without classes.
    differing : integer array
        Images on which any output differs from the reference; none where the device is the
        reference itself.
    counters : Counters
        Of the device.
    out : Path
        The file that took the outputs.
    """

    outputs: Mapping[str, npt.NDArray[Any]]
    images: int
    seconds: float
    accuracy: float | None
    differing: npt.NDArray[np.intp]
    counters: Counters
    out: Path


def run_build(
    build: Path,
    device: str,
    images: Path,
    *,
    frames: int | None = None,
    out: Path | None = None,
    progress: Progress | None = None,
) -> Run:
    """Run images of a file on a device and write the outputs.

    Parameters
    ----------
    build : Path
        Folder that ``compile`` wrote.
    device : str
        ``numpy:``, ``sim:``, ``uart:/dev/ttyUSB0`` …
    images : Path
        .npz with ``x`` and, for the accuracy, ``y``.
    frames : int, optional
        Only the first images.
    out : Path, optional
        .npz for the outputs, one array per model output; ``build/results/outputs.npz`` by default.
    progress : callable, optional
        Called with the name of each step as it begins.

    Raises
    ------
    BuildError
        If the folder is not a build of ours, or outputs cannot be written.
    DataError
        If the images do not fit the model.
    DeviceError
        If the device cannot be opened or fails.
    """
    steps = StepLog(progress)
    report = read_report(build)
    if out is not None:
        check_place(out)
    file = read_images(images, frames)
    steps.begin(f"open {shown(device)}")
    with Accelerator.open(device, build) as accelerator:
        steps.begin(f"run {len(file.x)} images")
        began = time.perf_counter()
        outputs = accelerator.infer(file.x)
        seconds = time.perf_counter() - began
        counters = accelerator.counters()
    different = np.zeros(0, np.intp)
    if device != REFERENCE:
        steps.begin("compare with the reference")
        with Accelerator.open(REFERENCE, build) as reference:
            different = differing(outputs, reference.infer(file.x))
    accuracy = None if file.y is None else top1(outputs, file.y)
    results = build / RESULTS
    results.mkdir(exist_ok=True)
    target = out or results / "outputs.npz"
    write_npz(target, outputs)
    summary = {
        "model": report["model"],
        "digest": report["digest"],
        "device": shown(device),
        "images": len(file.x),
        "seconds": round(seconds, 6),
        "accuracy": accuracy,
        "differing": different.tolist(),
        "counters": asdict(counters),
    }
    (results / "run.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    return Run(
        outputs,
        len(file.x),
        seconds,
        accuracy,
        different,
        counters,
        target,
    )


def shown(device: str) -> str:
    """Return a device's URL without the token in it, for files and screens."""
    return re.sub(r"\btoken=[^&]*", "token=…", device)
