"""The JSON document of a compression."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sangi.compiler.compress.history import history_of
from sangi.compiler.compress.record import as_document, write_record
from sangi.compiler.compress.sizes import Sizes
from sangi.runtime.errors import BuildError

from .searched import AT_LAST, EVENTS, FLOAT32, TARGET


def document(sizes: Sizes = AT_LAST.sizes) -> dict[str, Any]:
    return as_document(
        history_of(EVENTS),
        model="net.onnx",
        options={"stages": ("iq", "ns")},
        metric="top-1",
        accuracies={"original": 0.99, "validation": 0.981, "test": None, "exact": True},
        sizes=sizes,
        trainings=7,
        seconds=20.0,
    )


def test_candidates_path_sizes_and_cost_are_told(tmp_path: Path) -> None:
    write_record(document(), tmp_path / "search.json")
    read = json.loads((tmp_path / "search.json").read_text())
    assert read["schema"] == "sangi.compress/1"
    assert read["sizes"] == {
        "float32": FLOAT32,
        "bits": {"dense": 20_000, "nonzero": 10_000, "indexed": 20_000, "deflate": 6_666},
        "ratios": {"dense": 16.0, "nonzero": 32.0, "indexed": 16.0, "deflate": 48.005},
    }
    search = read["search"]
    assert search["target"] == TARGET
    assert [search["candidates"][place]["label"] for place in search["path"]] == [
        "original",
        "iq w4 a4",
        "iq w4 a4 / ns 30 %",
    ]
    thin = search["candidates"][search["path"][-1]]
    assert thin["steps"][1] == {"stage": "ns", "number": 2, "rung": "30 %", "amount": 0.3}
    assert (thin["score"], thin["error"], thin["holds"]) == (0.978, 0.005, True)
    assert (read["trainings"], search["trainings"], search["broken_off"]) == (7, 5, 1)


def test_no_bits_at_all_have_no_ratio(tmp_path: Path) -> None:
    nothing = document(Sizes(dense=9, nonzero=0, indexed=0, deflate=8, float32=FLOAT32))
    assert nothing["sizes"]["ratios"]["nonzero"] is None
    write_record(nothing, tmp_path / "search.json")


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="cannot be written"):
        write_record(document(), tmp_path / "none" / "search.json")
