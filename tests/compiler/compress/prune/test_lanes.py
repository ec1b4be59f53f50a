"""The mapping takes balanced layers to the skipping engine, and none of its lanes ever waits."""

from __future__ import annotations

import numpy as np
import pytest

from sangi.boards.load import load_board
from sangi.compiler.compress.codes import codes_of, unit_of
from sangi.compiler.compress.rule import BalancedTernary, Rule, Ternary
from sangi.compiler.mapping.mapper import map_program
from sangi.compiler.mapping.offers import Offers
from sangi.compiler.mapping.windowed import kernels
from sangi.hdl.skipping.params import SkippingParams
from sangi.hdl.skipping.weights import steps_of
from sangi.runtime.ops.conv import Conv
from sangi.runtime.ops.dense import Dense

from ...mapping.programs import Builder

BALANCED, UNBALANCED = BalancedTernary(0.9, 8), Ternary(0.55)
"""Both make nine of ten weights zero."""


def codes(shape, grid, seed):
    weight = np.random.default_rng(seed).normal(size=shape)
    return codes_of(weight, Rule(grid, unit_of(weight)))[0].astype(np.int64)


def program(grid):
    """A convolution, and a Dense layer behind a flatten."""
    net = Builder((8, 8, 3))
    x = net.requantize("first_q", net.conv("first", "x", 32, ternary=True))
    conv = Conv(codes((32, 3, 3, 32), grid, 0), (1, 1), (1, 1, 1, 1))
    x = net.flatten("flat", net.requantize("conv_q", net.node("conv", conv, x)))
    x = net.node("dense", Dense(codes((16, 2048), grid, 1)), x)
    return net.program(net.requantize("dense_q", x))


def use(params, weights):
    """Share of the lanes' cycles that multiply."""
    windows = params.window.out_height * params.window.out_width
    lanes = params.pe * params.banks * params.pixels
    return windows * np.count_nonzero(weights) / (params.cycles * lanes)


@pytest.mark.parametrize("node", ["conv", "dense"])
def test_lanes_of_balanced_layers_are_always_busy(node):
    layer = Offers(program(BALANCED)).layers[node]
    for pe, banks in [(1, 8), (4, 8), (2, 4), (1, 1)]:
        steps = steps_of(kernels(layer.op), banks, pe, 1)
        assert sum(steps) * pe * banks == np.count_nonzero(layer.op.weights)


@pytest.mark.parametrize("node", ["conv", "dense"])
def test_lanes_of_other_layers_wait(node):
    layer = Offers(program(UNBALANCED)).layers[node]
    lanes = sum(steps_of(kernels(layer.op), 8, 4, 1)) * 4 * 8
    assert np.count_nonzero(layer.op.weights) < 0.9 * lanes


@pytest.mark.parametrize(("target_fps", "lanes"), [(12_000, 8), (24_000, 16)])
def test_the_mapping_takes_balanced_layers_to_the_skipping_engine(target_fps, lanes):
    net = program(BALANCED)
    design = map_program(net, load_board("pynq_z2"), target_fps=target_fps)
    weights = {node.name: node.op.weights for node in net.nodes if node.name in ("conv", "dense")}
    params = {unit.node: unit.params for unit in design.units if unit.node in weights}
    assert all(isinstance(found, SkippingParams) for found in params.values())
    conv = params["conv"]
    assert conv.pe * conv.banks * conv.pixels == lanes
    assert [use(params[name], weights[name]) for name in weights] == [1, 1]
