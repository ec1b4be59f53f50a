"""Every engine on layers drawn at random, in Verilator: bits under stalls, cycles without.

Shapes, kernels, strides, paddings, dilations; 0 to 98 % zeros; ternary and 4-bit weights, packed
ones of 3 to 8 bits; activations of 1 to 8 bits. The reference is the integer program's op, the
cycles are those of the engine's schedule as the harness beside this file executes it.
"""

from __future__ import annotations

import numpy as np
import pytest
from drawn_layers import FRAMES, KINDS, draw
from harness import pack, predict, unpack
from verilated import build, run

EACH = 8
"""Layers in one executable."""

PARTS = 4
SEEDS = (1, 2, 3)


@pytest.mark.slow
@pytest.mark.parametrize(
    "part",
    [pytest.param(0, marks=pytest.mark.ci), *range(1, PARTS)],
    ids=lambda part: f"part{part}",
)
@pytest.mark.parametrize("kind", KINDS)
def test_bits_and_cycles(kind, part, tmp_path):
    layers = [draw(kind, part * EACH + number) for number in range(EACH)]
    bench = build([layer.circuit for layer in layers], tmp_path)
    inputs = [pack(layer.images, layer.params.window.beat) for layer in layers]
    expected = [layer.expected.ravel() for layer in layers]
    counts = [
        len(flat) // layer.params.out.lanes for flat, layer in zip(expected, layers, strict=True)
    ]
    for seed in (0, *SEEDS):
        runs = run(bench, inputs, counts, seed)
        for layer, found, flat in zip(layers, runs, expected, strict=True):
            given = unpack(found.payloads[0], layer.params.out)
            np.testing.assert_array_equal(given, flat, f"seed {seed}: {layer}")
            if seed == 0:
                model = predict(layer.schedule, [layer.fifo.depth], FRAMES)
                assert (found.accepted, found.popped) == (model.accepted, model.popped), str(layer)


def test_pixels_share_a_stream_in_what_is_drawn():
    """With and without results that wait, with strides 1 and 2 or more."""
    shared = [
        drawn.params
        for drawn in (draw("skipping", number) for number in range(PARTS * EACH))
        if drawn.params.pixels > 1
    ]
    assert {params.waits for params in shared} == {True, False}
    assert {min(2, params.window.stride[1]) for params in shared if params.waits} == {1, 2}
    assert len({params.pixels for params in shared}) > 1


def test_layers_are_as_different_as_they_shall_be():
    """Both widths of weights, all shares of zeros, strides and paddings in what is drawn."""
    for kind in KINDS:
        layers = [draw(kind, number).layer for number in range(12)]
        widths = {int(np.abs(layer.op.weights).max(initial=0)) > 1 for layer in layers}
        assert widths == ({True} if kind == "packed" else {True, False})
        shares = [np.count_nonzero(layer.op.weights) / layer.op.weights.size for layer in layers]
        assert min(shares) < 0.2 and max(shares) == 1
        convs = [layer.op for layer in layers if layer.name == "conv"]
        assert len({op.stride for op in convs}) > 2 and len({op.padding for op in convs}) > 2
