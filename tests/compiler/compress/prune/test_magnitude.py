"""Which weights go first."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sangi.compiler.compress.codes import codes_of, unit_of
from sangi.compiler.compress.prepare import prepare
from sangi.compiler.compress.prune.magnitude import is_zero, magnitude_masks, scores, zero_share
from sangi.compiler.compress.rule import Rule, Ternary

from ..graphs import frames, vgg


@pytest.fixture(scope="module")
def network():
    return prepare(vgg(), frames())


@given(st.integers(0, 1000))
def test_scores_are_shares_of_what_is_as_large(seed):
    rng = np.random.default_rng(seed)
    sizes, left = rng.random((3, 2, 5)), rng.random((3, 2, 5)) < 0.8
    left[:, 0, 0] = True
    squares = np.where(left, sizes**2, 0)
    power = np.array([np.mean(row[kept]) for row, kept in zip(squares, left, strict=True)])
    squares = squares / power[:, None, None]
    expected = [value / squares[squares >= value].sum() for value in squares.reshape(-1)]
    np.testing.assert_allclose(scores(sizes, left).reshape(-1), expected, rtol=1e-9)


def test_scores_do_not_depend_on_the_size_of_a_filter():
    sizes, left = np.random.default_rng(0).random((3, 7)), np.ones((3, 7), bool)
    scaled = scores(sizes * np.array([[1.0], [8.0], [0.25]]), left)
    np.testing.assert_allclose(scaled, scores(sizes, left))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_masks_leave_the_share_that_was_asked_for(network, share):
    names = network.layers()
    masks = magnitude_masks(network, names, share, 0.02)
    total = sum(mask.size for mask in masks.values())
    assert sum(int((~mask).sum()) for mask in masks.values()) == round(share * total)


def test_narrow_layers_keep_more(network):
    masks = magnitude_masks(network, network.layers(), 0.9, 0.0)
    density = {name: mask.mean() for name, mask in masks.items()}
    assert density["d"] > density["c"]
    assert density["a"] > density["c"]


def test_floors_hold(network):
    masks = magnitude_masks(network, network.layers(), 0.99, 0.2)
    assert all(mask.mean() >= 0.2 for mask in masks.values())


def test_every_layer_keeps_a_weight(network):
    masks = magnitude_masks(network, network.layers(), 1.0, 0.0)
    assert [int(mask.sum()) for mask in masks.values()] == [1, 1, 1, 1]


def test_of_every_filter_the_largest_stay(network):
    for name, mask in magnitude_masks(network, network.layers(), 0.6, 0.02).items():
        for row, left in zip(np.abs(network.layer(name).weight), mask, strict=True):
            assert row[left].min(initial=np.inf) >= row[~left].max(initial=0)


def test_what_is_zero_already_goes_first(network):
    weight = network.layer("c").weight
    ternary = network.with_rules({"c": Rule(Ternary(0.3), unit_of(weight))})
    codes, _ = codes_of(weight, ternary.rules["c"])
    zeros = zero_share(ternary, ("c",))
    assert zeros == np.mean(codes == 0)
    masks = magnitude_masks(ternary, ("b", "c"), 0.1, 0.02)
    assert not masks["c"][codes == 0].any()
    assert masks["c"][codes != 0].all()


def test_pruned_weights_stay_pruned(network):
    first = magnitude_masks(network, network.layers(), 0.5, 0.02)
    rules = {name: Rule(mask=mask) for name, mask in first.items()}
    pruned = network.with_rules(rules)
    second = magnitude_masks(pruned, network.layers(), 0.8, 0.02)
    for name, mask in second.items():
        assert not (mask & ~first[name]).any()
        assert (is_zero(pruned, name) == ~first[name]).all()


def test_no_layers_have_no_zeros(network):
    assert zero_share(network, ()) == 0
