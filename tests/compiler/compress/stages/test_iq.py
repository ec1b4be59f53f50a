"""Quantization step by step: which rungs there are and what they set."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from sangi.compiler.compress.codes import codes_of, unit_of
from sangi.compiler.compress.prepare import prepare
from sangi.compiler.compress.rule import BalancedTernary, Integer, Ternary
from sangi.compiler.compress.stages.base import Rung
from sangi.compiler.compress.stages.iq import (
    EdgeQuantization,
    Quantization,
    balanced_steps,
    ternary_steps,
)
from sangi.compiler.compress.stages.steps import Step
from sangi.compiler.ir.ops.quantize import Quantize

from ..graphs import frames, residual, vgg
from ..imitation import Unchanged

STAGES = [
    Quantization(),
    Quantization(ternary_steps()),
    Quantization(balanced_steps(4)),
    EdgeQuantization(),
]


def labels(rungs):
    return [rung.label for rung in rungs]


def at(stage, network, label):
    (rung,) = (rung for rung in stage.ladder(network) if rung.label == label)
    return stage.apply(network, rung, Unchanged())


@pytest.mark.parametrize("stage", STAGES)
def test_ladders_increase(stage):
    rungs = stage.ladder(prepare(residual(), frames()))
    amounts = [rung.amount for rung in rungs]
    assert len(rungs) >= 6
    assert len(set(labels(rungs))) == len(rungs)
    assert all(one < two for one, two in pairwise(amounts))


def test_body_and_edges_get_their_own_bits():
    network = at(Quantization(edge_bits=6), prepare(vgg(), frames()), "w3 a4")
    assert {name: rule.grid for name, rule in network.rules.items()} == {
        "a": Integer(6),
        "b": Integer(3),
        "c": Integer(3),
        "d": Integer(6),
    }
    quantizers = [op for op in map(network.graph.op, network.graph.order())]
    highs = [op.high for op in quantizers if isinstance(op, Quantize)]
    assert highs == [255, 15, 15, 15]


def test_only_coarser_steps_are_left():
    stage, edges = Quantization(), EdgeQuantization()
    network = at(stage, prepare(vgg(), frames()), "w4 a4")
    assert labels(stage.ladder(network)) == ["w3 a4", "w2 a4", "w2 a3", "w2 a2"]
    assert labels(edges.ladder(network)) == ["w6", "w5", "w4", "w3", "w2"]
    network = at(edges, network, "w2")
    assert edges.ladder(network) == ()
    assert network.rules["b"].grid == Integer(4)
    assert network.rules["d"].grid == Integer(2)


def test_what_is_coarser_already_stays():
    network = at(Quantization(), prepare(vgg(), frames()), "w2 a4")
    rung = Quantization().ladder(prepare(vgg(), frames()))[0]
    assert Quantization().apply(network, rung, Unchanged()).rules["b"].grid == Integer(2)


def test_ternary_layers_get_a_unit():
    before = prepare(vgg(), frames())
    network = at(Quantization(ternary_steps()), before, "ρ 0.3 a4")
    for name in ("b", "c"):
        rule = network.rules[name]
        assert rule.grid == Ternary(0.3)
        np.testing.assert_array_equal(rule.unit, unit_of(before.layer(name).weight))
        codes, _ = codes_of(network.layer(name).weight, rule)
        assert 0.5 < np.mean(codes == 0) < 0.75
    assert network.rules["a"].unit is None


def test_narrow_layers_are_not_balanced():
    network = at(Quantization(balanced_steps(8)), prepare(vgg(), frames()), "75% zeros a4")
    assert network.rules["b"].grid == BalancedTernary(0.75, 1)
    assert network.rules["c"].grid == BalancedTernary(0.75, 8)


def test_units_and_masks_stay():
    network = prepare(vgg(), frames())
    mask = np.random.default_rng(0).random(network.layer("b").weight.shape) < 0.5
    rule = type(network.rules["b"])(mask=mask)
    stage = Quantization(ternary_steps())
    first = at(stage, network.with_rules({"b": rule}), "ρ 0.3 a4")
    second = at(stage, first, "ρ 0.5 a4")
    assert second.rules["b"].mask is mask
    assert second.rules["b"].unit is first.rules["b"].unit
    assert second.rules["b"].grid == Ternary(0.5)


def test_wrong_steps_are_refused():
    with pytest.raises(ValueError, match="must go further one after the other, not w4 a4, w6 a6"):
        Quantization((Step(Integer(4), 4), Step(Integer(6), 6)))
    with pytest.raises(ValueError, match="must go further one after the other, not none"):
        EdgeQuantization(())
    with pytest.raises(ValueError, match="must say the bits of activations, not None"):
        Quantization((Step(Integer(4)),))
    with pytest.raises(ValueError, match="must leave activations as they are"):
        EdgeQuantization((Step(Integer(4), 4),))


def test_rungs_of_other_ladders_are_refused():
    with pytest.raises(ValueError, match=r"rung must be one of w8, w6, .* not w7"):
        EdgeQuantization().apply(prepare(vgg(), frames()), Rung("w7", 1.0), Unchanged())
