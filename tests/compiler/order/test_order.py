"""Orders that are chosen: fewer cycles where zeros are spread unevenly, none lost elsewhere."""

import numpy as np
import pytest

from sangi.compiler.mapping.offers import Offers
from sangi.compiler.mapping.sparse import bankings_of
from sangi.compiler.order.order import deal, order_channels
from sangi.runtime.ops.conv import Conv

from ..mapping.programs import Builder
from ..mapping.test_sparse import balanced


def uneven(filters, channels, seed):
    """Ternary 3×3 kernels: some filters and some channels have far more non-zeros than others."""
    rng = np.random.default_rng(seed)
    part = 0.02 + 0.5 * rng.random((filters, 1, 1, 1)) ** 2 * rng.random(channels)
    return rng.choice([-1, 1], (filters, 3, 3, channels)) * (
        rng.random((filters, 3, 3, channels)) < part
    )


def chain(weights):
    net = Builder((8, 8, 3))
    x = net.requantize("q", net.conv("first", "x", weights[0].shape[-1], ternary=True))
    for number, one in enumerate(weights):
        x = net.requantize(f"q{number}", net.node(f"c{number}", Conv(one, (1, 1), (1, 1, 1, 1)), x))
    return net.program(net.conv("last", x, 4, 1))


def steps(program, name, banks, pe):
    layer = Offers(program).layers[name]
    return next(sum(s) for p, b, x, s in bankings_of(layer) if (p, b, x) == (pe, banks, 1))


@pytest.mark.parametrize("seed", range(4))
def test_uneven_layers_take_fewer_cycles(seed):
    program = chain([uneven(16, 16, seed), uneven(32, 16, seed + 100)])
    ordered = order_channels(program)
    for name, filters in (("c0", 16), ("c1", 32)):
        lanes = [(banks, pe) for banks in (1, 2, 4, 8) for pe in (1, 2, 4, filters)]
        before = [steps(program, name, *one) for one in lanes]
        after = [steps(ordered, name, *one) for one in lanes]
        assert np.log(after).mean() < np.log(before).mean() - 0.01
    x = np.random.default_rng(seed).integers(0, 256, (2, 8, 8, 3))
    np.testing.assert_array_equal(ordered.run(x)["last"], program.run(x)["last"])
    assert order_channels(program).digest == ordered.digest


def test_balanced_banks_stay():
    program = chain([balanced(16, 16, 0.8, 8), balanced(16, 16, 0.7, 8, seed=1)])
    assert order_channels(program) is program


def test_what_a_balanced_layer_reads_stays():
    reader = balanced(8, 32, 0.9, 8)
    ordered = order_channels(chain([uneven(32, 16, 0), reader]))
    read = {node.name: node.op.weights for node in ordered.nodes if node.name == "c1"}
    np.testing.assert_array_equal(read["c1"], reader)


def test_long_channels_are_dealt_to_the_emptiest_banks():
    counts = np.array([[8, 7, 6, 5, 4, 3, 2, 1]])
    dealt = deal(np.arange(8), counts, 2)
    assert counts[0, dealt].reshape(-1, 2).sum(axis=0).tolist() == [18, 18]
    assert sorted(dealt.tolist()) == list(range(8))


def test_dense_layers_stay():
    rng = np.random.default_rng(0)
    program = chain([rng.choice([-1, 1], (16, 3, 3, 16)), rng.choice([-1, 1], (8, 3, 3, 16))])
    assert order_channels(program) is program


def test_layers_without_weights_stay():
    program = chain([np.zeros((8, 3, 3, 8), np.int64), np.zeros((8, 3, 3, 8), np.int64)])
    assert order_channels(program) is program


def test_a_sorted_layer_stays():
    # What is ordered already gains nothing more worth moving.
    once = order_channels(chain([uneven(16, 16, 7)]))
    assert order_channels(once).digest == once.digest
