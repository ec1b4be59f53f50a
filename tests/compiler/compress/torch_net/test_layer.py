"""Weights on their grids: training and evaluation choose the same codes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sangi.compiler.compress.codes import codes_of, unit_of, weights_of
from sangi.compiler.compress.rule import BalancedTernary, Integer, Rule, Ternary
from sangi.compiler.ir.ops.conv import Conv
from sangi.compiler.ir.ops.dense import Dense

pytestmark = pytest.mark.torch

GRIDS = (Integer(8), Integer(3), Ternary(0.3), BalancedTernary(0.6, 4), None)


def layer(shape: tuple[int, ...], grid: Any, masked: bool, size: float = 1.0) -> Any:
    from sangi.compiler.compress.torch_net.layer import Layer

    random = np.random.default_rng(7)
    weight = (size * random.normal(size=shape)).astype(np.float32).astype(np.float64)
    mask = random.random(shape) < 0.7 if masked else None
    rule = Rule(grid, unit_of(weight, mask), mask)
    op = Conv(weight) if len(shape) == 4 else Dense(weight)
    made = Layer(op, rule)
    made.settle()
    return made, rule


@pytest.mark.parametrize("size", (1.0, 1e-4, 300.0))
@pytest.mark.parametrize("masked", (False, True))
@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("shape", ((6, 3, 3, 10), (5, 24)))
def test_training_and_evaluation_agree(shape, grid, masked, size):
    import torch

    ours, rule = layer(shape, grid, masked, size)
    trained = ours.trained(1.0, torch.float32).detach().numpy()
    wanted = weights_of(ours.hidden(), rule)
    assert_allclose(trained, wanted, rtol=2e-6, atol=1e-12)
    assert_array_equal(trained != 0, wanted != 0)


@pytest.mark.parametrize("masked", (False, True))
@pytest.mark.parametrize("grid", (Ternary(0.3), BalancedTernary(0.6, 4), BalancedTernary(0.9, 4)))
def test_training_and_evaluation_choose_alike_among_weights_at_their_limit(grid, masked):
    """Long training drives many weights to their unit: of equal ones the first is chosen."""
    import torch

    from sangi.compiler.compress.torch_net.layer import Layer

    random = np.random.default_rng(3)
    weight = random.normal(size=(6, 3, 3, 10)).astype(np.float32).astype(np.float64)
    mask = random.random(weight.shape) < 0.7 if masked else None
    made = Layer(Conv(weight), rule := Rule(grid, unit_of(weight, mask) / 4, mask))
    made.settle()
    assert np.mean(np.abs(made.hidden()) == rule.unit[0]) > 0.02
    trained = made.trained(1.0, torch.float32).detach().numpy()
    assert_allclose(trained, weights_of(made.hidden(), rule), rtol=2e-6)


def test_even_numbers_of_weights_stay_even():
    import torch

    from sangi.compiler.compress.torch_net.layer import Layer

    weight = np.array([[0.0, -0.01, 0.01, 1.0], [0.0, 0.0, 0.0, 0.0]])
    mask = np.array([[True, True, False, True]] * 2)
    for mask_or_none in (mask, None):
        rule = Rule(Integer(3), mask=mask_or_none, even=True)
        made = Layer(Dense(weight), rule)
        trained = made.trained(1.0, torch.float32).detach().numpy()
        assert_allclose(trained, weights_of(weight, rule), atol=1e-7)


@pytest.mark.parametrize("grid", GRIDS[:4])
def test_evaluation_takes_the_codes_of_the_one_definition(grid):
    ours, rule = layer((6, 3, 3, 10), grid, True)
    codes, scale = ours.exact()
    wanted, steps = codes_of(ours.hidden(), rule)
    assert_array_equal(codes.numpy(), wanted)
    assert_array_equal(scale.numpy(), steps)


@pytest.mark.parametrize("grid", GRIDS)
def test_gradients_pass_straight_to_the_weights_that_are_left(grid):
    import torch

    ours, rule = layer((5, 24), grid, True, size=0.01)
    grad = torch.arange(120.0).view(5, 24) - 60
    (ours.trained(0.5, torch.float32) * grad).sum().backward()
    # The weight is the number times a power of two, and the factor stands behind it.
    unit = ours.hidden()[rule.mask] / ours.weight.detach().numpy()[rule.mask]
    assert_allclose(unit, unit[0])
    wanted = grad.numpy() * 0.5 * unit[0] * rule.mask
    assert_array_equal(ours.weight.grad.numpy(), wanted.astype(np.float32))


def test_steps_leave_ternary_weights_within_their_unit_and_pruned_ones_at_zero():
    import torch

    ours, rule = layer((5, 24), Ternary(0.3), True)
    with torch.no_grad():
        ours.weight.add_(100.0)
    ours.settle()
    assert_array_equal(ours.hidden(), np.where(rule.mask, rule.unit[:, None], 0.0))


def test_all_zero_filters_stay_zero():
    import torch

    from sangi.compiler.compress.torch_net.layer import Layer

    weight = np.zeros((2, 8))
    weight[1] = 1.0
    for grid in GRIDS[:3]:
        made = Layer(Dense(weight), Rule(grid, np.ones(2)))
        assert_array_equal(made.trained(1.0, torch.float32).detach().numpy(), weight)
