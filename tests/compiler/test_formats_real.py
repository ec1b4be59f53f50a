"""Networks that people published as QONNX, from end to end against qonnx's execution."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import onnx
import pytest

from sangi.compiler.compile import compile_model
from sangi.compiler.execute.runtime import quiet_onnxruntime
from sangi.compiler.frontend import load
from sangi.compiler.simulate import simulate
from sangi.runtime.host import execute

TFC = ("zoo_TFC_1W1A", "zoo_TFC_2W2A")
IMAGES = 300


@pytest.fixture
def data() -> Path:
    if "SANGI_DATA" not in os.environ:
        pytest.skip("needs the models and images in SANGI_DATA")
    return Path(os.environ["SANGI_DATA"])


def executed_by_qonnx(path: Path, x: np.ndarray, batch: int) -> np.ndarray:
    """What the package qonnx gives after its own clean-up, ``batch`` frames at a time."""
    quiet_onnxruntime()
    onnx_exec = pytest.importorskip("qonnx.core.onnx_exec")
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.util.cleanup import cleanup_model

    model = onnx.load(path)
    model.ir_version = 10
    constants = {tensor.name for tensor in model.graph.initializer}
    (entry,) = (value for value in model.graph.input if value.name not in constants)
    for value in (entry, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = batch
    parts = []
    with pytest.MonkeyPatch.context() as patch:
        # qonnx writes models of the newest IR version, which ONNX Runtime may not know yet.
        patch.setattr(onnx, "IR_VERSION", 10)
        wrapper = cleanup_model(ModelWrapper(model))
        for start in range(0, len(x), batch):
            feed = {wrapper.graph.input[0].name: x[start : start + batch].astype(np.float32)}
            parts.append(onnx_exec.execute_onnx(wrapper, feed)[wrapper.graph.output[0].name])
    return np.concatenate(parts)


def mnist(data: Path) -> np.ndarray:
    return np.asarray(np.load(data / "mnist" / "test_0000_4999.npz")["x"][:IMAGES])


# The clean files keep a batch of one in a constant.
@pytest.mark.parametrize(("clean", "images", "batch"), [("", IMAGES, IMAGES), ("_clean", 20, 1)])
@pytest.mark.parametrize("name", TFC)
def test_every_digit_is_classified_as_qonnx_does(
    data: Path, name: str, clean: str, images: int, batch: int
) -> None:
    model = data / "models" / f"{name}{clean}.onnx"
    x = mnist(data)[:images]
    wanted = executed_by_qonnx(model, (x.astype(np.float32) / 255)[:, None], batch)
    (found,) = execute(load(model, std=[255.0]), x).values()
    assert found.argmax(1).tolist() == wanted.argmax(1).tolist()
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.filterwarnings("ignore:Some old-style domain attributes")
def test_jets_are_tagged_as_qonnx_does(data: Path) -> None:
    model = data / "models" / "zoo_qkeras_jettagging.onnx"
    x = np.random.default_rng(0).integers(0, 256, (IMAGES, 16), dtype=np.uint8)
    wanted = executed_by_qonnx(model, (x.astype(np.float32) - 128) / 32, IMAGES)
    program = load(model, mean=[128.0], std=[32.0])
    assert program.inputs[0].kind == "bytes"
    (found,) = execute(program, x).values()
    assert found.argmax(1).tolist() == wanted.argmax(1).tolist()
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
@pytest.mark.ci
@pytest.mark.parametrize("name", TFC)
def test_one_digit_in_verilator(data: Path, tmp_path: Path, name: str) -> None:
    build = tmp_path / "build"
    model = data / "models" / f"{name}.onnx"
    compile_model(model, "ulx3s_85f", out=build, std=[255.0], target_fps=2000)
    images = tmp_path / "digits.npz"
    np.savez(images, x=mnist(data))
    result = simulate(build, images, frames=1)
    assert (result.mismatches, result.equal, result.first) == (0, 1.0, None)
    assert result.tensors >= 7


@pytest.mark.slow
def test_three_jets_in_verilator(data: Path, tmp_path: Path) -> None:
    build = tmp_path / "build"
    model = data / "models" / "zoo_qkeras_jettagging.onnx"
    compile_model(model, "ulx3s_85f", out=build, mean=[128.0], std=[32.0], target_fps=20_000)
    result = simulate(build, None, frames=3)
    assert (result.mismatches, result.equal, result.first) == (0, 1.0, None)
