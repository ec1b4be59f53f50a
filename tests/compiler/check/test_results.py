"""The verdict of a check, word for word."""

from __future__ import annotations

import pytest

from sangi.compiler.check.results import Check, LayerCheck, OutputCheck, Steps, Totals
from sangi.runtime.errors import MismatchError


def layer(name: str, unequal: int, largest: int, elements: int = 100_000) -> LayerCheck:
    return LayerCheck(name, "Conv", f"{name}:0", elements, Steps(9, 7), Steps(unequal, largest), 3)


def check(*layers: LayerCheck, wrong: int | None = 0) -> Check:
    outputs = (OutputCheck("logits", "fc", 1000, 0.0, 1.0, wrong),)
    return Check("net.onnx", "qonnx", 10, True, layers, outputs)


def test_ties_are_allowed() -> None:
    found = check(layer("a", 10, 1), layer("b", 0, 0))
    assert found.fed == Totals(200_000, 10, 1)
    assert found.whole == Totals(200_000, 18, 7)
    assert found.fed.share == 1 - 10 / 200_000
    assert found.mismatches == ()
    found.verify()


def test_few_ties_among_few_elements_are_allowed() -> None:
    check(layer("a", 3, 1, elements=100)).verify()
    assert check(layer("a", 4, 1, elements=100)).mismatches


def test_all_layers_that_are_wrong_are_named() -> None:
    with pytest.raises(MismatchError) as error:
        check(layer("a", 10, 2), layer("b", 0, 0), layer("c", 50, 1), wrong=1).verify()
    assert str(error.value) == (
        "net.onnx: program and qonnx must agree where each layer gets qonnx's inputs:\n"
        "  Conv 'a' must differ by at most 1 step, not 2 (10 of 100,000 elements)\n"
        "  output 'logits' of 'fc' must differ by no more than float32 rounding, and 1 of 1,000 "
        "elements do\n"
        "  equal elements must be at least 99.99%, not 99.9800%; most differ in Conv 'c'"
    )


def test_what_calibration_made_is_not_judged() -> None:
    unjudged = LayerCheck("a", "Input", "x", 50, Steps(40, 9), None, 20.0)
    found = check(unjudged, layer("b", 0, 0), wrong=None)
    assert found.fed.elements == 100_000
    assert [other.layer for other, _ in found.judged] == ["b"]
    found.verify()
