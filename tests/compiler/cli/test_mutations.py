"""Real files with damaged bytes compile rightly, or end with exit code and message."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pytest

from .mutations import Outcome, compile_damaged, mutate

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="children are limited by Linux' means"
)

EXAMPLES = Path(__file__).parents[3] / "examples" / "digits"
DIGITS = tuple(
    EXAMPLES / name for name in ("digits_tiny.onnx", "digits_int8.onnx", "digits_ternary.onnx")
)

#: Small enough that a compilation up to the mapping takes a second or two.
MODELS = (
    "hls4ml_conv2d_small_keras.onnx",
    "hls4ml_separable_conv_model_ch_last.onnx",
    "mlperf_ad_autoencoder_int8.onnx",
    "mlperf_ic_resnet8_int8.onnx",
    "qonnx_espcn_quant.onnx",
    "qonnx_mnist_conv_float.onnx",
    "zoo_TFC_1W1A.onnx",
    "zoo_TFC_2W2A.onnx",
    "zoo_qkeras_jettagging.onnx",
)


def real_files() -> tuple[Path, ...]:
    """The examples, and the models of SANGI_DATA where it is set."""
    data = os.environ.get("SANGI_DATA")
    return DIGITS if data is None else (*DIGITS, *(Path(data) / "models" / m for m in MODELS))


def fault(outcome: Outcome) -> str:
    """What is wrong with an outcome; empty where nothing is."""
    if outcome.code not in (0, 1, 2):
        return outcome.message
    if outcome.wrong:
        return outcome.wrong
    helpful = "error: " in outcome.message and "defect" not in outcome.message
    if outcome.code and (not helpful or "Traceback" in outcome.message):
        return f"exit code {outcome.code} with the message {outcome.message!r}"
    return ""


def run(
    files: Sequence[Path], seeds: Iterable[int], folder: Path, *, whole: bool
) -> tuple[Counter[str], list[str]]:
    """Compile mutations of files in turn; count what became of them and list what is wrong."""
    counts: Counter[str] = Counter()
    faults = []
    for seed in seeds:
        file = files[seed % len(files)]
        model = folder / f"{seed}.onnx"
        model.write_bytes(mutate(file.read_bytes(), np.random.default_rng(seed)))
        outcome = compile_damaged(model, folder / str(seed), whole=whole)
        counts[f"exit code {outcome.code}"] += 1
        counts["equal to the oracle"] += outcome.compared and not outcome.wrong
        text = fault(outcome)
        if text:
            faults.append(f"seed {seed} of {file.name}, {outcome.seconds:.1f} s: {text}")
    print(dict(counts))
    return counts, faults


def test_damaged_examples(tmp_path: Path) -> None:
    counts, faults = run(DIGITS, range(60), tmp_path, whole=False)
    assert not faults, "\n".join(faults)
    assert counts["equal to the oracle"] >= 10
    assert counts["exit code 1"] >= 10


@pytest.mark.slow
@pytest.mark.ci
def test_damaged_examples_through_the_command_line(tmp_path: Path) -> None:
    counts, faults = run(DIGITS[:1], range(100, 140), tmp_path, whole=True)
    assert not faults, "\n".join(faults)
    assert counts["equal to the oracle"] >= 5


@pytest.mark.slow
def test_500_damaged_files(tmp_path: Path) -> None:
    counts, faults = run(real_files(), range(1000, 1500), tmp_path, whole=False)
    assert not faults, "\n".join(faults)
    assert counts["equal to the oracle"] >= 100
    assert counts["exit code 1"] >= 100
