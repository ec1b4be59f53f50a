"""Fine-tuning: it learns, keeps the rules, and repeats itself to the last bit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sangi.compiler.compress.activations import quantize_activations
from sangi.compiler.compress.codes import codes_of
from sangi.compiler.compress.data.metric import Metric
from sangi.compiler.compress.network import Network
from sangi.compiler.compress.norm import Norm
from sangi.compiler.compress.prepare import prepare
from sangi.compiler.compress.prune.balanced import bank_counts
from sangi.compiler.compress.rule import BalancedTernary, Ternary
from sangi.compiler.compress.torch_net.options import FitOptions
from sangi.compiler.ir.ops.tail import ArgMax
from sangi.runtime.errors import DataError, UsageError

from ..graphs import Net, evaluate, frames, vgg
from .networks import learnable, ruled, samples, small

pytestmark = pytest.mark.torch

OPTIONS = FitOptions(epochs=3, batch=32, threads=1, shift=1, variants=2, precision="float32")


def trainer(original: Network | None = None, metric: Any = None, **options: Any) -> Any:
    from sangi.compiler.compress.torch_net.trainer import TorchTrainer

    made = replace(OPTIONS, **options)
    extra = () if metric is None else (metric,)
    original = original or prepare(vgg(), frames())
    return TorchTrainer(original, samples(), samples(64, 4), made, *extra)


def numbers(network: Network) -> bytes:
    """Everything that training moves, as bytes."""
    parts = []
    for name in network.graph.order():
        op = network.graph.op(name)
        for key in ("weight", "bias", "gamma", "beta", "mean", "variance"):
            value = getattr(op, key, None)
            if value is not None:
                parts.append(np.array([float(v) for v in np.ravel(value)]).tobytes())
    return b"".join(parts)


@pytest.mark.parametrize("precision", ("float32", "bfloat16"))
def test_the_same_arguments_give_the_same_bytes(precision):
    import torch

    network = small(masked=True)
    first = numbers(trainer(precision=precision).train(network, 1))
    torch.manual_seed(123)  # the global generator has no say
    torch.rand(7)
    made = trainer(precision=precision)
    other = numbers(made.train(network, 2))  # another training before it neither
    assert numbers(made.train(network, 1)) == first != other


def test_training_leaves_the_global_generator_and_threads_alone():
    import torch

    before, count = torch.get_rng_state(), torch.get_num_threads()
    trainer(epochs=1).train(small(), 1)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == count


@pytest.mark.parametrize("precision", ("float32", "bfloat16"))
def test_a_network_learns_and_then_its_ternary_form_does(precision):
    network = learnable()
    made = trainer(network, epochs=20, teacher=0.0, precision=precision)
    learned = made.train(network, 1)
    assert made.score(learned).value > 0.9 > made.score(network).value
    again = trainer(learned, epochs=20, precision=precision)
    start = ruled(quantize_activations(learned, 4, again, byte_input=True), Ternary(0.6))
    found = again.train(start, 1)
    assert again.score(found).value > 0.9 > again.score(start).value
    assert found.graph.order() == start.graph.order()


@pytest.mark.parametrize("grid", (Ternary(0.4), BalancedTernary(0.5, 3)))
def test_rules_hold_after_training(grid):
    network = ruled(learnable(), grid, masked=not isinstance(grid, BalancedTernary))
    found = trainer(learnable()).train(network, 1)
    for name in found.layers():
        weight, rule = found.layer(name).weight, found.rules[name]
        assert rule is network.rules[name]
        assert_array_equal(weight, weight.astype(np.float32))
        assert (np.abs(weight).reshape(len(weight), -1) <= rule.unit[:, None] * (1 + 1e-6)).all()
        assert not np.array_equal(weight, network.layer(name).weight)
        if rule.mask is not None:
            assert not weight[~rule.mask].any()
        if isinstance(rule.grid, BalancedTernary):
            counts = bank_counts(codes_of(weight, rule)[0], rule.grid.banks)
            assert counts.min() == counts.max()


def test_the_penalty_shrinks_gammas():
    network, made = small(None), trainer(epochs=8)

    def gammas(of: Network) -> float:
        ops = (of.graph.op(name) for name in of.graph.order())
        return float(sum(np.abs(op.gamma).sum() for op in ops if isinstance(op, Norm)))

    assert gammas(made.train(network, 1, slimming=1.0)) < 0.9 * gammas(made.train(network, 1))


def test_a_student_follows_its_teacher_without_labels():
    original = prepare(vgg(), frames())
    made = trainer(original, epochs=20, teacher=1.0, temperature=2.0)
    x = samples(64, 4).x
    wanted = made.outputs(original, x)["softmax"].argmax(1)
    start = ruled(original, Ternary(0.3))

    def alike(network: Network) -> float:
        return float((made.outputs(network, x)["softmax"].argmax(1) == wanted).mean())

    assert alike(made.train(start, 1)) > max(0.9, alike(start))


def test_teachers_outputs_do_not_depend_on_who_asks_first():
    import torch

    from sangi.compiler.compress.torch_net.module import TorchNet
    from sangi.compiler.compress.torch_net.teacher import Teacher
    from sangi.compiler.compress.torch_net.variants import Variants

    images = Variants(samples().x, shift=1, flip=True, count=3, seed=0)
    network = prepare(vgg(), frames())
    first, second = (Teacher(TorchNet(network), images, torch.bfloat16, ("d",)) for _ in range(2))
    forth = [first.outputs(version)[0] for version in (0, 1, 2)]
    back = [second.outputs(version)[0] for version in (2, 1, 0)][::-1]
    for one, other in zip(forth, back, strict=True):
        assert one.shape == (96, 4) and torch.equal(one, other)


def test_real_numbers_are_fitted_by_squares():
    from sangi.compiler.compress.torch_net.trainer import TorchTrainer

    data = samples()
    aims = replace(data, y=np.eye(4, dtype=np.float32)[data.y])

    def fitness(outputs: Any, wanted: Any) -> float:
        return -float(((outputs["softmax"] - wanted) ** 2).mean())

    network, metric = learnable(), Metric("tests:fitness", fitness)
    options = replace(OPTIONS, epochs=20, rate=0.05)
    made = TorchTrainer(network, aims, aims, replace(options, teacher=0.0), metric)
    before, after = made.score(network), made.score(made.train(network, 1))
    assert before.error == 0 < after.error
    assert after.value > before.value / 10
    taught = TorchTrainer(network, aims, aims, replace(options, teacher=1.0), metric)
    assert taught.score(taught.train(network, 1)).value == pytest.approx(before.value, rel=0.1)


def test_an_argmax_cannot_be_fitted_to_real_numbers():
    from sangi.compiler.compress.torch_net.trainer import TorchTrainer

    net = Net()
    x = net.dense(net.relu(net.conv(net.x, 4, "a")), 4, "out")
    network = prepare(net.build(net.add("best", ArgMax(0, False), x)), frames())
    data = samples()
    assert TorchTrainer(network, data, data, OPTIONS).score(network).error == 0
    aims = replace(data, y=data.y.astype(np.float32))
    with pytest.raises(UsageError, match="labels must be classes for output 'best', an ArgMax"):
        TorchTrainer(network, aims, aims, OPTIONS)


def test_scores_are_those_of_onnx_runtime():
    original = prepare(vgg(), frames())
    made, data = trainer(original), samples(64, 4)
    (wanted,) = evaluate(original.graph, data.x.astype(np.float32))
    assert_allclose(made.outputs(original, data.x)["softmax"], wanted, atol=1e-5)
    score = made.score(original)
    assert (score.value, score.error) == (float((wanted.argmax(1) == data.y).mean()), 0.0)


@pytest.mark.parametrize("bits", (8, 4))
def test_ranges_are_those_of_calibration(bits):
    from sangi.compiler.execute.run import run_graph
    from sangi.compiler.quantize.ranges import best_range, histogram, observed

    from ..graphs import plain

    network, nodes = small(None), ("b/norm/relu", "c")
    nodes = tuple(name for name in network.graph.order() if name.endswith(("/relu", "c/norm")))
    found = trainer(network).ranges(network, nodes, bits)
    values = run_graph(plain(network.graph), samples().x, nodes)
    for name in nodes:
        span = observed(values[name])
        wanted = best_range(histogram([values[name]], span), span, bits)
        assert found[name].low == pytest.approx(wanted.low, rel=0.03, abs=1e-6)
        assert found[name].high == pytest.approx(wanted.high, rel=0.03)


def test_several_outputs_need_a_teacher():
    net = Net()
    x = net.relu(net.conv(net.x, 4, "a"))
    first, second = net.dense(x, 4, "one"), net.dense(x, 3, "two")
    network = prepare(net.build(first, second), frames())
    with pytest.raises(UsageError, match="a network of 2 outputs must have a teacher, as labels"):
        trainer(network, teacher=0.0)
    made = trainer(network, epochs=10)
    x = samples().x
    before = made.outputs(network, x)["two"]
    after = made.outputs(made.train(network, 1), x)["two"]
    assert np.square(after - before).mean() < 0.2 * before.var()


def test_images_of_another_shape_are_refused():
    from sangi.compiler.compress.torch_net.trainer import frames_for

    graph = vgg()
    assert frames_for(graph, np.zeros((2, 8, 8, 3))).shape == (2, 8, 8, 3)
    with pytest.raises(DataError, match=r"images must have shape \(8, 8, 3\), channels last"):
        frames_for(graph, np.zeros((2, 3, 8, 8)))


def test_a_training_that_diverges_is_an_error():
    with pytest.raises(DataError, match=r"the loss must be finite, not nan in epoch 1; images"):
        trainer(rate=1e30).train(small(None), 1)
