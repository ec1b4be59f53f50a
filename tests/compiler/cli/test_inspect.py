"""``sangi inspect``: what is printed, what is JSON, and the exit codes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import numpy as np
import pytest

from sangi.compiler.check import check as check_module
from sangi.compiler.check.check import load_subject
from sangi.compiler.check.compare import Subject
from sangi.compiler.cli.inspection import WIDTH, shortened
from sangi.compiler.cli.main import main

from ..onnx_models import Model

DIGITS = Path(__file__).parents[3] / "examples" / "digits"
Command = Callable[..., CompletedProcess[str]]

DOCUMENT = {
    *("schema", "model", "format", "opset", "ir_version", "producer", "inputs", "outputs"),
    *("quantized", "assumed", "layers", "macs_per_frame", "weights", "nonzeros", "host"),
    *("problems", "check"),
}
LAYER = {
    *("name", "op", "nodes", "shape", "weight_bits", "input_bits", "output_bits", "ternary"),
    *("macs", "weights", "nonzeros", "where", "engines", "problems"),
    "assumed",
}
CHECK = {
    *("oracle", "frames", "exact", "whole", "fed", "layers", "outputs", "skipped", "mismatches"),
}


def broken(folder: Path) -> Path:
    model = Model(("N", 4, 6, 6))
    x = model.quantize("x", 1.0, 0)
    depthwise = model.weight(4, 1, 3, 3, per_channel=True)
    x = model.quantize(model.node("Conv", x, depthwise, group=4), 0.8, 110)
    return model.save(folder, model.node("Elu", model.node("Celu", x)))


def test_a_table_of_layers(run_sangi: Command) -> None:
    done = run_sangi("inspect", DIGITS / "digits_tiny.onnx")
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    assert lines[0] == "digits_tiny.onnx: QDQ, opset 17, IR 8, by sangi examples/digits"
    assert lines[1:3] == ["input 'image': N×1×8×8 FLOAT", "output 'logits': N×10 FLOAT"]
    words = {line.split()[0]: line.split() for line in lines[5:13]}
    header = "layer op shape weights bits MACs params zeros runs as"
    assert " ".join(words["layer"]) == header
    assert " ".join(words["conv1"]).startswith("conv1 Conv 8×8×8 ternary 8→8 4.61k 72 35 % folded")
    assert words["conv1"][-1] == "requantize"
    assert " ".join(words["dense"]).startswith("dense Gemm 10 ternary 8→– 320 320 43 % folded")
    assert " ".join(words["total"]) == "total 14.1k 968 44 %"
    assert "the host after the circuit, output 'logits': dequantize" in lines
    assert lines[-1] == "Nothing stands in the way."


def test_what_stands_in_the_way_is_no_error(tmp_path: Path, run_sangi: Command) -> None:
    done = run_sangi("inspect", broken(tmp_path), "--verify-each")
    assert done.returncode == 0
    assert done.stderr.startswith("note: nothing was verified: ")
    assert "In the way of a circuit (2):\n" in done.stdout
    assert "  Celu 'celu_6': op type Celu is not supported\n" in done.stdout
    assert "  Elu 'elu_7': op type Elu is not supported; use Relu\n" in done.stdout
    assert done.stdout.count("REFUSED") == 2
    assert "Nothing stands" not in done.stdout


def test_a_model_with_problems_cannot_be_checked(tmp_path: Path, run_sangi: Command) -> None:
    done = run_sangi("inspect", broken(tmp_path), "--check", DIGITS / "images.npz", "--json")
    assert done.returncode == 1
    assert done.stderr == (
        "error: net.onnx must have nothing in its way to be checked, not 2 problems\n"
    )
    assert len(json.loads(done.stdout)["problems"]) == 2


@pytest.mark.parametrize("name", ["digits_int8", "digits_ternary", "digits_tiny"])
def test_the_examples_agree_with_onnx_runtime(name: str, run_sangi: Command) -> None:
    images = DIGITS / "images.npz"
    done = run_sangi("inspect", DIGITS / f"{name}.onnx", "--check", images, "--frames", 50)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Program and ONNX Runtime, 50 frames" in done.stdout
    columns = "layer op elements run steps fed steps"
    assert any(line.split() == columns.split() for line in done.stdout.splitlines())
    (logits,) = (line for line in done.stdout.splitlines() if line.startswith("logits "))
    assert logits.split()[-2:] == ["100.00", "%"]


def test_one_json_document(run_sangi: Command) -> None:
    images = DIGITS / "images.npz"
    model = DIGITS / "digits_int8.onnx"
    done = run_sangi("inspect", model, "--json", "--check", images, "--frames", 3, "--verify-each")
    assert done.returncode == 0
    assert done.stderr.startswith("note: verified: ")
    document = json.loads(done.stdout)
    assert set(document) == DOCUMENT
    assert all(set(layer) == LAYER for layer in document["layers"])
    assert set(document["check"]) == CHECK
    assert document["check"]["frames"] == 3
    assert document["check"]["fed"]["equal"] == 1 or document["check"]["fed"]["largest"] == 1
    assert document["macs_per_frame"] == sum(layer["macs"] for layer in document["layers"])


def test_a_mismatch_is_printed_and_exits_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def wrong(*arguments: object, **options: object) -> Subject:
        subject = load_subject(*arguments, **options)  # type: ignore[arg-type]
        (conv,) = (node for node in subject.program.nodes if node.name == "conv2")
        conv.op.weights[:] *= -1  # type: ignore[attr-defined]
        return subject

    monkeypatch.setattr(check_module, "load_subject", wrong)
    model, images = DIGITS / "digits_tiny.onnx", DIGITS / "images.npz"
    command = ["sangi", "inspect", str(model), "--check", str(images), "--frames", "9", "--json"]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 1
    printed = capsys.readouterr()
    assert "Conv 'conv2' must differ by at most 1 step, not " in printed.err
    assert "conv1" not in printed.err
    mismatches = json.loads(printed.out)["check"]["mismatches"]
    assert mismatches[0].startswith("Conv 'conv2' ")


def test_files_that_are_missing_or_no_models(tmp_path: Path, run_sangi: Command) -> None:
    assert run_sangi("inspect", tmp_path / "no.onnx").returncode == 2
    (tmp_path / "no.onnx").write_bytes(b"no model")
    done = run_sangi("inspect", tmp_path / "no.onnx", "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: ")


def test_a_float_model_marks_what_calibration_would_give(
    tmp_path: Path, run_sangi: Command
) -> None:
    model = Model(("N", 1, 8, 8))
    x = model.node("Relu", model.conv("x", 4, 1))
    path = model.save(tmp_path, model.node("GlobalAveragePool", model.conv(x, 10, 4)))
    done = run_sangi("inspect", path)
    assert "8*→8*" in done.stdout
    assert "* as calibration makes it: the model is float, compile it with --data" in done.stdout
    images = tmp_path / "images.npz"
    drawn = np.random.default_rng(0).integers(0, 256, (9, 8, 8, 1)).astype(np.uint8)
    np.savez(images, x=drawn)
    done = run_sangi("inspect", path, "--data", images, "--check", images)
    assert (done.returncode, done.stderr) == (0, "")
    assert "8*" not in done.stdout
    assert "signal-to-noise ratio" in done.stdout


def test_tables_fit_their_width(run_sangi: Command, tmp_path: Path) -> None:
    model = Model(("N", 3, 16, 16))
    x = model.quantize("x", 1.0, 0)
    x = model.quantize(model.qconv(x, 64, 3, pads=[1] * 4), 1.3, 91)
    model.nodes[-2].name = "a/very/long/name/" * 9
    x = model.quantize(model.node("GlobalAveragePool", x), 0.7, 90)
    done = run_sangi("inspect", model.save(tmp_path, x))
    assert done.returncode == 0
    assert max(map(len, done.stdout.splitlines())) <= WIDTH


def test_long_names_keep_their_ends() -> None:
    assert shortened("short", 5) == "short"
    assert shortened("layer1/block2/conv3/BiasAdd", 13) == "laye…/BiasAdd"
    assert len(shortened("x" * 99, 20)) == 20
