"""What users choose is checked, and becomes stages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sangi.compiler.compress.options import (
    STAGES,
    Choices,
    check_output,
    check_target,
    planned_stages,
)
from sangi.compiler.compress.prepare import prepare
from sangi.compiler.compress.rule import BalancedTernary, Integer, Ternary
from sangi.compiler.compress.sizes import Sizes
from sangi.compiler.compress.stages.dc import Pruning
from sangi.compiler.compress.stages.iq import EdgeQuantization, Quantization
from sangi.compiler.compress.stages.ns import Slimming
from sangi.runtime.errors import BuildError, UsageError

from .graphs import frames, vgg


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stages": ()}, "stages must be some of iq,ns,dc, not ''"),
        ({"stages": ("iq", "qi")}, "stages must be some of iq,ns,dc, not 'iq,qi'"),
        ({"stages": ("iq", "dc", "iq")}, "stages must be named once each, not iq,dc,iq"),
        ({"weights": "octal"}, "weights must be int or ternary, not 'octal'"),
        ({"scope": "conv"}, "scope must be all or fc, not 'conv'"),
        ({"search": "luck"}, "search must be margin or grid, not 'luck'"),
        (
            {"smallest": "zip"},
            "smallest must be one of dense, nonzero, indexed, deflate, not 'zip'",
        ),
        ({"balanced": 1}, "balanced must be at least 2 banks, not 1"),
        ({"margin": -1}, "margin must be at least 0 rungs, not -1"),
        ({"reserve": 1.5}, "reserve must be 0 … 1, not 1.5"),
        (
            {"weights": "ternary", "stages": ("ns", "dc")},
            "weights can be ternary with stage iq only, not ns,dc",
        ),
        ({"scope": "fc", "stages": ("iq", "ns")}, "scope can be fc with stage dc only, not iq,ns"),
        (
            {"balanced": 8, "stages": ("iq", "ns")},
            "balanced needs stage dc or --weights ternary, which choose the zeros, not iq,ns with "
            "weights of bits",
        ),
        ({"floor": 0}, "floor must be above 0 and at most 1, not 0"),
        ({"floor": 1.01}, "floor must be above 0 and at most 1, not 1.01"),
        ({"floor": float("nan")}, "floor must be above 0 and at most 1, not nan"),
    ],
)
def test_choices_out_of_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as refused:
        Choices(**options)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("options", "bits"),
    [({}, 4), ({"balanced": 8}, 3), ({"balanced": 8, "smallest": "dense"}, 1)],
)
def test_the_search_makes_one_of_the_sizes_small(options: dict[str, Any], bits: int) -> None:
    sizes = Sizes(dense=1, nonzero=2, indexed=3, deflate=4, float32=5)
    assert Choices(**options).size(sizes) == bits


@pytest.mark.parametrize(
    ("target", "drop", "message"),
    [
        (
            *(None, None),
            "exactly one of target_accuracy and max_drop must be given, not none: "
            "--target-accuracy 0.90 or --max-drop 0.005",
        ),
        (
            *(0.9, 0.0),
            "exactly one of target_accuracy and max_drop must be given, not both: "
            "--target-accuracy 0.90 or --max-drop 0.005",
        ),
        (float("nan"), None, "target_accuracy must be a finite number, not nan"),
        (None, float("inf"), "max_drop must be a finite number, not inf"),
        (None, -0.01, "max_drop must be at least 0, not -0.01"),
        (None, 1.5, "max_drop must be a share of the images, at most 1, not 1.5"),
        (90.0, None, "target_accuracy must be a share of the images, at most 1, not 90"),
    ],
)
def test_there_must_be_one_target(target: float | None, drop: float | None, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        check_target(target, drop)
    assert str(refused.value) == message


@pytest.mark.parametrize(("target", "drop"), [(90.0, None), (-3.5, None), (None, 0.0), (None, 2.0)])
def test_targets_may_be_any_value_of_a_metric(target: float | None, drop: float | None) -> None:
    check_target(target, drop, is_share=False)


def test_all_and_nothing_are_shares() -> None:
    for target, drop in ((1.0, None), (0.0, None), (None, 1.0), (None, 0.0)):
        check_target(target, drop)


def test_the_output_must_not_take_the_place_of_the_original(tmp_path: Path) -> None:
    model, link = tmp_path / "model.onnx", tmp_path / "link.onnx"
    model.touch()
    link.symlink_to(model)
    (tmp_path / "sub").mkdir()
    for out in (model, tmp_path / "sub" / ".." / "model.onnx", link):
        with pytest.raises(UsageError) as refused:
            check_output(out, model)
        assert str(refused.value) == f"output must be another file than the model, not {out}"
    with pytest.raises(BuildError, match="must be a file, not a folder"):
        check_output(tmp_path / "sub", model)
    with pytest.raises(UsageError, match=r"must be a file whose name ends in .onnx, not .*x.npz"):
        check_output(tmp_path / "x.npz", model)
    check_output(tmp_path / "new" / "small.onnx", model)


def planned(**options: Any) -> tuple[Any, ...]:
    return planned_stages(Choices(**options), byte_input=True)


def test_the_order_of_use_is_the_user_s() -> None:
    body, edges, slimming, pruning = planned()
    assert (type(body), type(edges)) == (Quantization, EdgeQuantization)
    assert (type(slimming), type(pruning)) == (Slimming, Pruning)
    assert STAGES == ("iq", "ns", "dc")
    assert planned(stages=("dc", "ns", "iq")) == (pruning, slimming, body, edges)
    assert planned(stages=("ns",)) == (slimming,)


def test_options_reach_their_stages() -> None:
    body, _, slimming, pruning = planned(floor=0.4, scope="fc")
    assert body == Quantization(byte_input=True)
    assert (slimming.floor, slimming.multiple) == (0.4, 1)
    assert (pruning.scope, pruning.banks) == ("fc", None)
    (body, *_) = planned_stages(Choices(), byte_input=False)
    assert not body.byte_input


@pytest.mark.parametrize(
    ("options", "grid"),
    [
        ({"weights": "int"}, Integer),
        ({"weights": "int", "balanced": 8}, Integer),
        ({"weights": "ternary"}, Ternary),
        ({"weights": "ternary", "balanced": 8}, BalancedTernary),
    ],
)
def test_weights_say_the_grids(options: dict[str, Any], grid: type) -> None:
    body, edges, slimming, pruning = planned(**options)
    assert {type(step.grid) for step in body.steps} == {grid}
    if grid is BalancedTernary:
        assert {step.grid.banks for step in body.steps} == {8}
    # First and last layers have bits of their own, whatever the body has.
    assert {type(step.grid) for step in edges.steps} == {Integer}
    banks = options.get("balanced")
    assert (slimming.multiple, pruning.banks) == (banks or 1, banks)


def test_where_pruning_comes_later_ternary_weights_leave_the_last_zeros_to_it() -> None:
    def last(**options: Any) -> Any:
        return planned(weights="ternary", **options)[0].steps[-1].grid

    assert last() == Ternary(0.4)  # 77 % of normally distributed weights
    assert last(balanced=8) == BalancedTernary(0.8, 8)
    assert last(stages=("iq", "dc")) == Ternary(0.4)
    for stages in (("iq", "ns"), ("iq",)):
        assert last(stages=stages) == Ternary(0.6)
        assert last(stages=stages, balanced=8) == BalancedTernary(0.95, 8)
    body = planned(weights="ternary", stages=("dc", "iq"))[1]
    assert body.steps[-1].grid == Ternary(0.6)


def test_every_plan_has_rungs_for_a_float_network() -> None:
    network = prepare(vgg(), frames())
    for stage in (*planned(), *planned(weights="ternary"), *planned(weights="ternary", balanced=2)):
        rungs = stage.ladder(network)
        assert len(rungs) >= 4, stage
        assert [rung.amount for rung in rungs] == sorted({rung.amount for rung in rungs})
    assert not replace(planned()[2], floor=1.0).ladder(network)
