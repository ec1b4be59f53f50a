"""Banks of weights: selection, counts, and the skipping engine that profits from them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sangi.compiler.compress.prepare import prepare
from sangi.compiler.compress.prune.balanced import (
    bank_counts,
    can_balance,
    join_banks,
    kept_per_bank,
    smallest_bank,
    split_banks,
    strongest,
)
from sangi.compiler.compress.prune.rebalance import rebalanced
from sangi.compiler.compress.rule import Rule
from sangi.compiler.compress.slim.remove import remove_units
from sangi.compiler.compress.slim.ties import find_ties
from sangi.compiler.ir.ops.conv import Conv
from sangi.hdl.skipping import weights as skipping

from ..graphs import Net, frames, vgg

SHAPES = [((3, 8), 4), ((3, 10), 4), ((2, 3, 3, 8), 8), ((2, 3, 2, 7), 3), ((1, 1), 1)]


@pytest.mark.parametrize(("shape", "banks"), SHAPES)
def test_banks_are_split_and_joined(shape, banks):
    values = np.arange(1, np.prod(shape) + 1).reshape(shape)
    split = split_banks(values, banks, 0)
    for bank in range(banks):
        expected = values[..., bank::banks].reshape(len(values), -1)
        found = split[:, bank]
        assert_array_equal(found[found > 0], expected.reshape(-1))
    assert_array_equal(join_banks(split, shape), values)
    assert min(np.count_nonzero(row) for row in split[0]) == smallest_bank(shape, banks)


@pytest.mark.parametrize("banks", [1, 2, 4, 8])
def test_counts_are_those_of_the_engine(banks):
    codes = np.random.default_rng(0).integers(-1, 2, (5, 3, 3, 8))
    assert_array_equal(bank_counts(codes, banks), skipping.bank_counts(codes, banks))


def test_masked_weights_do_not_return_and_numbers_stay_equal():
    rng = np.random.default_rng(0)
    sizes, mask = rng.random((4, 3, 3, 8)), rng.random((4, 3, 3, 8)) < 0.5
    chosen = strongest(sizes, 4, 12, mask)
    least = int(bank_counts(mask, 4).min())
    assert least < 12
    assert not (chosen & ~mask).any()
    assert set(bank_counts(chosen, 4).reshape(-1)) == {least}


def test_a_bank_that_is_masked_as_a_whole_stays_empty():
    mask = np.ones((2, 8), bool)
    mask[0, 1::4] = False
    counts = bank_counts(strongest(np.ones((2, 8)), 4, 2, mask), 4)
    assert counts.tolist() == [[1, 0, 1, 1], [1, 1, 1, 1]]


@pytest.mark.parametrize("banks", [0, 9])
def test_banks_beyond_the_channels_are_refused(banks):
    with pytest.raises(ValueError, match=rf"banks must be 1 … 8 \(the channels\), not {banks}"):
        strongest(np.ones((2, 8)), banks, 1)


def test_at_least_one_weight_stays():
    assert kept_per_bank((4, 3, 3, 8), 1.0, 8) == 1
    assert kept_per_bank((4, 3, 3, 8), 0.0, 8) == 9
    assert kept_per_bank((4, 3, 3, 8), 0.6, 4) == 7
    # Banks of 2, 2, 1 and 1 channels.
    assert kept_per_bank((4, 3, 3, 6), 0.75, 4) == 3
    assert kept_per_bank((4, 3, 3, 6), 0.0, 4) == 9


def test_narrow_and_grouped_layers_cannot_be_balanced():
    conv = Conv(np.zeros((8, 3, 3, 4)))
    assert can_balance(conv, 4)
    assert not can_balance(conv, 5)
    assert not can_balance(replace(conv, groups=2), 4)


def pruned(graph, zeros, banks):
    """A network whose hidden layers have balanced masks."""
    network = prepare(graph, frames())
    rules = {}
    for name in network.layers():
        layer = network.layer(name)
        if can_balance(layer, banks):
            kept = kept_per_bank(layer.weight.shape, zeros, banks)
            mask = strongest(np.abs(layer.weight), banks, kept)
            rules[name] = Rule(mask=mask, even=True)
    return network.with_rules(rules)


def test_masks_are_balanced_again_after_channels_went():
    net = Net()
    x = net.relu(net.conv(net.relu(net.conv(net.x, 16, "a")), 16, "b"))
    before = pruned(net.build(net.dense(net.mean(net.relu(net.conv(x, 8, "c"))), 4, "d")), 0.6, 4)
    ties = find_ties(before.graph)
    gone = np.zeros(len(ties.fixed), bool)
    gone[ties.units["a"][[0, 1, 2, 4]]] = True
    removed = remove_units(before, ties, gone)
    counts = bank_counts(removed.rules["b"].mask, 4)
    assert counts.min() < counts.max()
    after = rebalanced(removed, 4)
    kept = set(bank_counts(after.rules["b"].mask, 4).reshape(-1))
    assert kept == {round(counts.mean())}
    assert after.rules["c"].mask.tolist() == before.rules["c"].mask.tolist()
    assert after.rules["a"] is removed.rules["a"]


def test_pruned_weights_come_back_only_where_a_bank_needs_them():
    network = pruned(vgg(), 0.5, 2)
    mask = network.rules["c"].mask.copy()
    taken = np.argwhere(mask[0] & (np.arange(mask.shape[1]) % 2 == 0))[0, 0]
    mask[0, taken] = False
    unbalanced = network.with_rules({"c": Rule(mask=mask, even=True)})
    found = rebalanced(unbalanced, 2).rules["c"].mask
    assert_array_equal(found[1:], mask[1:])
    assert found[0].sum() == mask[0].sum() + 1
    assert found[0][mask[0]].all()


def test_other_masks_are_left_alone():
    rule = Rule(mask=np.random.default_rng(0).random((10, 128)) < 0.5)
    network = prepare(vgg(), frames()).with_rules({"c": rule})
    assert rebalanced(network, 2).rules["c"] is rule
