"""The real pipeline over models of several formats: it changes no number."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from sangi.compiler.frontend import load
from sangi.compiler.verify.passes import VerifyEach

from ..onnx_models import Model

EXAMPLES = Path(__file__).parents[3] / "examples" / "digits"
NEEDS_DATA = pytest.mark.skipif("SANGI_DATA" not in os.environ, reason="SANGI_DATA is not set")


def verified(path: Path, images: np.ndarray | None = None, **options: object) -> VerifyEach:
    """Load a model under ``VerifyEach``, which raises where a number changes."""
    verify = VerifyEach(images)
    load(path, data=images, watch=verify, lowered=verify.lowered, **options)  # type: ignore[arg-type]
    return verify


@pytest.mark.parametrize("name", ["digits_int8", "digits_ternary", "digits_tiny"])
def test_examples(name: str) -> None:
    verify = verified(EXAMPLES / f"{name}.onnx")
    assert verify.passes >= 9 and verify.tensors > 100
    assert verify.summary == (
        f"verified: {verify.passes} passes and the program, {verify.tensors} tensors compared "
        "on 4 frames"
    )


def test_qdq_with_everything(tmp_path: Path) -> None:
    model = Model(("N", 3, 9, 8))
    x = model.quantize("x", 1.0, 0)
    first = model.quantize(model.node("Relu", model.qconv(x, 6, 3, pads=[1] * 4)), 0.7, 0)
    pool = model.node("MaxPool", first, kernel_shape=[2, 2], strides=[2, 2], pads=[1, 0, 0, 0])
    deep = model.qconv(pool, 6, 1, group=6, pads=[1] * 4, per_channel=False, kind=np.uint8)
    second = model.quantize(deep, 0.5, 7, np.int8)
    total = model.quantize(model.node("Add", second, pool), 0.6, 128)
    mean = model.quantize(model.node("GlobalAveragePool", model.node("Relu", total)), 0.25, 3)
    flat = model.node("Flatten", mean)
    weight = model.weight(6, 4, per_channel=False)
    scores = model.node("Gemm", flat, weight, model.constant(model.normal(4)))
    path = model.save(tmp_path, model.node("Softmax", scores), total)
    assert verified(path).tensors > 100


def test_float_with_calibration_and_normalization(tmp_path: Path) -> None:
    model = Model(("N", 3, 8, 8))
    x = model.conv("x", 6, 3, pads=[1] * 4)
    names = [model.constant(np.abs(model.normal(6)) + 0.5) for _ in range(4)]
    left = model.node("Relu", model.node("BatchNormalization", x, *names))
    x = model.node("Add", model.conv(left, 6, 6, pads=[1] * 4), left)
    x = model.node("Relu", model.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2]))
    weight = model.constant(model.normal(96, 5, scale=0.1))
    x = model.node("MatMul", model.node("Flatten", x), weight)
    x = model.node("Add", x, model.constant(model.normal(5)))
    path = model.save(tmp_path, x)
    images = np.random.default_rng(3).integers(0, 256, (12, 8, 8, 3)).astype(np.uint8)
    assert verified(path, images).tensors > 100
    assert verified(path, images, mean=(120.0, 110.0, 100.0), std=(58.0,)).tensors > 100


@NEEDS_DATA
@pytest.mark.parametrize(
    "name",
    ["mlperf_ic_resnet8_int8", "mlperf_ad_autoencoder_int8", "zoo_TFC_1W1A", "zoo_TFC_2W2A"],
)
def test_quantized_models(name: str) -> None:
    path = Path(os.environ["SANGI_DATA"]) / "models" / f"{name}.onnx"
    assert verified(path).tensors > 100


@NEEDS_DATA
@pytest.mark.slow
def test_a_float_resnet() -> None:
    data = Path(os.environ["SANGI_DATA"])
    with np.load(data / "cifar10" / "test_lossless_0000_0499.npz") as arrays:
        images = arrays["x"][::50]
    mean, std = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
    path = data / "models" / "akamaster_resnet20_cifar10.onnx"
    assert verified(path, images, mean=mean, std=std).tensors > 500
