"""The real pipeline and lowering over random networks of every format: nothing changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from sangi.compiler.frontend import load
from sangi.compiler.verify.passes import VerifyEach
from sangi.runtime.errors import UnsupportedError

from ..property.formats import FORMATS, draw_case


def taken(name: str, seed: int, folder: Path) -> bool:
    """Load a network under ``VerifyEach``; False if it is refused."""
    path = folder / "net.onnx"
    path.write_bytes(draw_case(name, seed).model.SerializeToString())
    verify = VerifyEach(seed=seed)
    try:
        load(path, watch=verify, lowered=verify.lowered)
    except UnsupportedError:
        return False
    assert verify.tensors > 10
    return True


@pytest.mark.parametrize("name", FORMATS)
def test_random_networks(name: str, tmp_path: Path) -> None:
    assert sum(taken(name, seed, tmp_path) for seed in range(3)) >= 2


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
def test_many_random_networks(name: str, tmp_path: Path) -> None:
    assert sum(taken(name, seed, tmp_path) for seed in range(100)) >= 90
