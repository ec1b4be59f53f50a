"""The processor: how many threads PyTorch takes, and what it computes fast."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from .options import Precision


@contextmanager
def threads(count: int | None) -> Iterator[None]:
    """Run PyTorch with this many threads; None leaves the number as it is."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def training_dtype(precision: Precision) -> Any:
    """Return the dtype of activations in training.

    ``auto`` is bfloat16 where the processor multiplies it: three times as fast there, and slower
    than float32 everywhere else.
    """
    if precision == "auto":
        names = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
        found = any(getattr(torch.cpu, name, lambda: False)() for name in names)
        precision = "bfloat16" if found else "float32"
    return {"float32": torch.float32, "bfloat16": torch.bfloat16}[precision]
