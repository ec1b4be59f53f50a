"""Adder networks: what they compute, their ranges, their registers, their circuit."""

import numpy as np
import pytest
from amaranth.hdl import Module, Shape
from amaranth.lib.wiring import Component, In, Out
from amaranth.sim import Simulator
from hypothesis import given, settings
from hypothesis import strategies as st
from synthesis import cells

from sangi.hdl.unrolled import digits
from sangi.hdl.unrolled.adders import adder_network
from sangi.hdl.unrolled.digits import ones, signed_digits
from sangi.hdl.unrolled.network import Adder, Network, Tap
from sangi.hdl.unrolled.pipeline import Pipeline
from sangi.hdl.unrolled.share import share
from sangi.hdl.unrolled.signs import positive

matrices = st.tuples(
    st.integers(1, 6), st.integers(1, 7), st.sampled_from([1, 3, 8, 120]), st.integers(0, 2**32)
).map(lambda p: np.random.default_rng(p[3]).integers(-p[2], p[2] + 1, (p[0], p[1]), dtype=np.int64))


@given(matrices, st.integers(2, 8))
@settings(max_examples=80, deadline=None, derandomize=True)
def test_networks_compute_their_matrix(matrix, bits):
    network = share(matrix, bits, tries=2)
    assert np.array_equal(network.matrix, matrix)


@given(matrices)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_signed_digits(matrix):
    places = signed_digits(matrix)
    weights = 1 << np.arange(len(places))
    assert np.array_equal(np.tensordot(weights, places.astype(np.int64), 1), matrix)
    # Canonical: no two digits of a number stand side by side.
    assert not (places[1:] & places[:-1] & 1).any()


def test_more_than_a_word_of_rows():
    matrix = np.random.default_rng(4).integers(-1, 2, (150, 7))
    network = share(matrix, 8, tries=20)
    assert np.array_equal(network.matrix, matrix)
    assert len(network.adders) < np.count_nonzero(matrix) - 150


def test_multiples_are_shared():
    # 5x is made once, 10x is a shift of it.
    network = share(np.array([[5, 0], [5, 1], [10, -4]]), 8)
    assert len(network.adders) == 3


def test_shifted_pairs_are_shared():
    # x + 2y, twice that, and four times that less z.
    network = share(np.array([[1, 2, 0], [2, 4, 0], [4, 8, -1]]), 8)
    assert len(network.adders) == 2


@given(matrices)
@settings(max_examples=30, deadline=None, derandomize=True)
def test_signs_turn_without_another_adder(matrix):
    network = share(matrix, 8, tries=0)
    turned = Network(
        network.inputs,
        network.adders,
        tuple(Tap(tap.value, tap.shift, not tap.negative) for tap in network.taps),
    )
    better = positive(turned)
    assert np.array_equal(better.matrix, -matrix)
    assert len(better.adders) == len(network.adders)
    assert sum(tap.negative for tap in better.taps) <= sum(tap.negative for tap in turned.taps)


def test_a_sum_of_negatives_needs_no_negation():
    # c - a - b - d: neither the sum of what is subtracted nor the whole is negated.
    network = share(np.array([[-1, -1, 1, -1], [-1, 1, 0, 0], [1, -1, 0, 1]]), 8)
    assert not any(tap.negative for tap in network.taps)


def test_unsigned_inputs_are_narrower():
    matrix = np.array([[1, 1, 0], [1, 1, 1]])
    plan = Pipeline(share(matrix, 8, signed=False), 0, 255)
    assert plan.adder_bits == 9 + 10


@pytest.mark.parametrize("words", [1, 3])
def test_ones(words, monkeypatch):
    masks = np.random.default_rng(words).integers(0, 2**64, (5, 2, words), dtype=np.uint64)
    expected = [sum(int(word).bit_count() for word in term.ravel()) for term in masks]
    assert ones(masks).tolist() == expected
    # As with NumPy 1, which cannot count.
    monkeypatch.setattr(digits, "_COUNT", None)
    assert ones(masks).tolist() == expected


def test_sharing_saves_adders():
    matrix = np.random.default_rng(0).choice([-1, 0, 1], (32, 48), p=[0.25, 0.5, 0.25])
    network = share(matrix, 8)
    alone = int(np.count_nonzero(matrix) - (matrix != 0).any(axis=1).sum())
    assert len(network.adders) < 0.7 * alone


def test_the_same_seed_gives_the_same_network():
    matrix = np.random.default_rng(3).integers(-1, 2, (16, 24))
    assert share(matrix, 4, seed=5) == share(matrix, 4, seed=5)


def test_more_tries_are_no_worse():
    matrix = np.random.default_rng(3).integers(-1, 2, (16, 24))
    first, better = (Pipeline(share(matrix, 4, tries=n), -8, 7).adder_bits for n in (0, 100))
    assert better < first


def test_ranges_are_those_of_the_sums():
    network = share(np.random.default_rng(1).integers(-2, 3, (3, 3)), 2)
    low, high = network.ranges(-2, 1)
    grid = np.array(np.meshgrid(*[range(-2, 2)] * 3)).reshape(3, -1)
    values = network.coefficients @ grid
    assert np.array_equal(values.min(axis=1), low)
    assert np.array_equal(values.max(axis=1), high)


@pytest.mark.parametrize(
    ("adder", "message"),
    [
        (Adder(0, 2), "operands of adder 0 must be earlier values"),
        (Adder(0, 1, 1, 1), "one shift of adder 0 must be 0"),
    ],
)
def test_refused_adders(adder, message):
    with pytest.raises(ValueError, match=message):
        Network(2, (adder,), (Tap(2),))


def test_refused_levels():
    with pytest.raises(ValueError, match="levels must be at least 1, not 0"):
        Pipeline(Network(1, (), (Tap(0),)), 0, 1, 0)


class Bench(Component):
    """A network with ports."""

    def __init__(self, plan, bits):
        self.plan = plan
        ports = {f"x{i}": In(Shape(bits, True)) for i in range(plan.network.inputs)}
        ports |= {f"y{i}": Out(Shape(32, True)) for i in range(len(plan.network.taps))}
        super().__init__(ports)

    def elaborate(self, platform):
        m = Module()
        inputs = [getattr(self, f"x{i}") for i in range(self.plan.network.inputs)]
        for number, value in enumerate(adder_network(m, self.plan, inputs, "v")):
            m.d.comb += getattr(self, f"y{number}").eq(value)
        # Keeps the clock where there is no register.
        m.d.sync += []
        return m


@pytest.mark.parametrize("levels", [1, 2, 3])
@pytest.mark.parametrize("largest", [1, 7])
def test_circuit(levels, largest):
    rng = np.random.default_rng(levels)
    matrix = rng.integers(-largest, largest + 1, (6, 9))
    matrix[2] = 0
    matrix[3] = -np.abs(matrix[3])
    plan = Pipeline(share(matrix, 4), -8, 7, levels)
    frames = rng.integers(-8, 8, (30, 9))
    bench = Bench(plan, 4)
    results = []

    async def process(ctx):
        for frame in [*frames, *frames[: plan.depth]]:
            for column, value in enumerate(frame.tolist()):
                ctx.set(getattr(bench, f"x{column}"), value)
            # What was given `depth` cycles ago is there before this cycle's edge.
            results.append([ctx.get(getattr(bench, f"y{row}")) for row in range(6)])
            await ctx.tick()

    simulator = Simulator(bench)
    simulator.add_clock(1e-6)
    simulator.add_testbench(process)
    simulator.run()
    expected = (frames @ matrix.T).tolist()
    assert results[plan.depth : plan.depth + 30] == expected


def test_register_bits_are_those_of_the_circuit():
    matrix = np.random.default_rng(2).integers(-1, 2, (5, 8))
    plan = Pipeline(share(matrix, 4), -8, 7, 1)
    assert cells(Bench(plan, 4), "synth_ecp5")["TRELLIS_FF"] == plan.register_bits
