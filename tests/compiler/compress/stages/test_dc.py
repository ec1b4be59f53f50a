"""Pruning step by step."""

from __future__ import annotations

import numpy as np
import pytest

from sangi.compiler.compress.banks import balance_of
from sangi.compiler.compress.codes import codes_of
from sangi.compiler.compress.prepare import prepare
from sangi.compiler.compress.prune.magnitude import zero_share
from sangi.compiler.compress.rule import BalancedTernary, Rule
from sangi.compiler.compress.stages.dc import Pruning
from sangi.compiler.compress.stages.iq import Quantization, balanced_steps, ternary_steps

from ..graphs import frames, vgg
from ..imitation import Unchanged


@pytest.fixture(scope="module")
def network():
    return prepare(vgg(), frames())


def at(stage, network, label):
    (rung,) = (rung for rung in stage.ladder(network) if rung.label == label)
    return stage.apply(network, rung, Unchanged())


def test_shares_above_what_is_zero_are_offered(network):
    ternary = at(Quantization(ternary_steps()), network, "ρ 0.4 a4")
    now = zero_share(ternary, ternary.layers())
    assert len(Pruning().ladder(network)) == len(Pruning().shares)
    assert [rung.amount for rung in Pruning().ladder(ternary)] == [
        share for share in Pruning().shares if share > now
    ]
    assert now > 0.5


def test_weights_of_the_whole_network_are_pruned(network):
    pruned = at(Pruning(), network, "80% zeros")
    assert zero_share(pruned, pruned.layers()) >= 0.79


def test_only_dense_layers_are_pruned(network):
    pruned = at(Pruning(scope="fc"), network, "80% zeros")
    assert pruned.rules["a"].mask is None
    assert pruned.rules["b"].mask is None
    masks = [pruned.rules[name].mask for name in "cd"]
    assert 0.75 < 1 - sum(mask.sum() for mask in masks) / sum(mask.size for mask in masks) < 0.81


def test_neurons_without_readers_are_removed(network):
    weight = network.layer("d").weight.copy()
    weight[:, 3] = 1e-6
    small = network.with_ops({"d": type(network.layer("d"))(weight, bias=network.layer("d").bias)})
    pruned = at(Pruning(scope="fc"), small, "50% zeros")
    assert len(pruned.layer("c").weight) == 9
    assert pruned.layer("d").weight.shape == (4, 9)


def test_balanced_ternary_gets_more_zeros(network):
    ternary = at(Quantization(balanced_steps(8)), network, "50% zeros a4")
    pruned = at(Pruning(banks=8), ternary, "80% zeros")
    assert pruned.rules["b"].grid == BalancedTernary(0.8, 1)
    assert pruned.rules["c"].grid == BalancedTernary(0.8, 8)
    codes, _ = codes_of(pruned.layer("c").weight, pruned.rules["c"])
    assert balance_of(codes, 8) == 3


def test_other_grids_get_balanced_masks(network):
    pruned = at(Pruning(banks=4), at(Quantization(), network, "w4 a4"), "75% zeros")
    assert balance_of(pruned.rules["c"].mask, 4) == 8
    codes, _ = codes_of(pruned.layer("c").weight, pruned.rules["c"])
    assert balance_of(codes, 4) == 8
    assert balance_of(pruned.rules["d"].mask, 4) == 1


def test_first_layers_too_narrow_for_the_banks_are_left_alone(network):
    pruned = at(Pruning(banks=4), network, "75% zeros")
    assert pruned.rules["a"].mask is None
    pruned = at(Pruning(banks=2), network, "75% zeros")
    assert set(pruned.rules["a"].mask.reshape(6, -1).sum(axis=1)) == {2 * 3}


def test_narrow_layers_of_the_body_keep_as_much_in_every_filter(network):
    pruned = at(Pruning(banks=8), network, "75% zeros")
    assert set(pruned.rules["b"].mask.reshape(8, -1).sum(axis=1)) == {14}


def test_what_is_zero_throughout_has_no_rungs(network):
    rules = {name: Rule(mask=np.zeros(network.layer(name).weight.shape, bool)) for name in "cd"}
    assert Pruning(scope="fc").ladder(network.with_rules(rules)) == ()
    assert Pruning().ladder(network.with_rules(rules)) != ()


def test_wrong_shares_are_refused():
    with pytest.raises(ValueError, match="shares must lie between 0 and 1, not"):
        Pruning((0.5, 1.0))
    with pytest.raises(ValueError, match="shares must increase, not"):
        Pruning((0.5, 0.4))
