"""What a model says of its banks."""

from __future__ import annotations

import json

import numpy as np
import pytest

from sangi.compiler.compress.banks import (
    BANKS,
    balance_of,
    banks_text,
    check_banks,
    check_wide_enough,
)
from sangi.compiler.compress.codes import codes_of, unit_of
from sangi.compiler.compress.export import quantized_graph, write_compressed
from sangi.compiler.compress.prepare import prepare
from sangi.compiler.compress.rule import BalancedTernary, Rule
from sangi.compiler.compress.stages.base import Rung
from sangi.compiler.compress.stages.dc import Pruning
from sangi.compiler.compress.stages.iq import Quantization, balanced_steps
from sangi.compiler.frontend import load_graph
from sangi.compiler.ir.ops.conv import Conv
from sangi.compiler.ir.ops.dense import Dense
from sangi.compiler.quantize.weights import exact_scales
from sangi.runtime.errors import ModelError, UsageError

from .graphs import frames, vgg
from .imitation import Unchanged


def balanced(layer, banks=4, zeros=0.5):
    return codes_of(layer.weight, Rule(BalancedTernary(zeros, banks), unit_of(layer.weight)))


@pytest.fixture
def model():
    """A graph with integer weights, two of its four layers balanced, that says so."""
    network = prepare(vgg(), frames())
    codes, ops = {}, {}
    for name in network.layers():
        op = network.layer(name)
        rule = balanced(op, 4) if name in "cd" else balanced(op, 1)
        codes[name], scale = rule
        held = codes[name].astype(np.int64)
        ops[name] = type(op)(**{**vars(op), "weight": held, "weight_scale": exact_scales(scale)})
    graph = network.graph.with_ops(ops)
    return type(graph)(graph.name, graph.net, graph.outputs, {BANKS: banks_text(codes, 4)})


def test_more_banks_than_any_layer_has_channels_are_refused():
    network = prepare(vgg(), frames())
    widest = max(network.layer(name).weight.shape[-1] for name in network.layers())
    check_wide_enough(network, widest)
    with pytest.raises(UsageError) as refused:
        check_wide_enough(network, widest + 1)
    assert str(refused.value) == (
        f"balanced must be at most {widest} banks, the input channels of the widest layer, "
        f"not {widest + 1}"
    )


def changed(graph, text):
    return type(graph)(graph.name, graph.net, graph.outputs, {BANKS: text})


def test_balance_is_the_common_count():
    codes = np.array([[1, 0, 0, -1], [0, 1, 1, 0]])
    assert balance_of(codes, 2) == 1
    assert balance_of(codes, 4) is None
    assert balance_of(np.array([[1, 1, 1, 0]]), 2) is None
    assert balance_of(np.ones((2, 3, 3, 8)), 4) == 18


def test_balanced_layers_are_listed_and_checked(model):
    entry = json.loads(model.metadata[BANKS])["c"]
    assert entry == {"banks": 4, "channels": "c % 4", "nonzeros": 16}
    # 10 columns do not fill 4 banks alike: two of each bank of two.
    assert check_banks(model) == {"c": 16, "d": 1}


def test_models_without_banks_have_none(model):
    assert check_banks(type(model)(model.name, model.net, model.outputs)) == {}


def test_unbalanced_weights_are_found(model):
    op = model.op("c")
    weight = op.weight.copy()
    weight[3, np.flatnonzero(weight[3])[0]] = 0
    broken = model.with_ops({"c": type(op)(**{**vars(op), "weight": weight})})
    message = (
        "Dense 'c' must have 16 non-zero weights in every filter and bank, as sangi.banks says, "
        "not 15 … 16"
    )
    with pytest.raises(ModelError, match=message):
        check_banks(broken)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "must be JSON as sangi writes it"),
        ('{"c": {"banks": 4}}', "must be JSON as sangi writes it"),
        ("[1]", "must be JSON as sangi writes it"),
        ('{"e": {"banks": 4, "nonzeros": 1}}', "Conv and Dense layers of the model, not 'e'"),
        ('{"c": {"banks": 0, "nonzeros": 1}}', "must say 1 … 128 banks .* not 0"),
    ],
)
def test_damaged_metadata_is_refused(model, text, message):
    with pytest.raises(ModelError, match=message):
        check_banks(changed(model, text))


def test_files_keep_the_balance(tmp_path):
    quantized = Quantization(balanced_steps(4)).apply(
        prepare(vgg(), frames()), Rung("50% zeros a4", 0.0), Unchanged()
    )
    pruned = Pruning(banks=4).apply(quantized, Rung("75% zeros", 0.75), Unchanged())
    codes = {
        name: op.weight
        for name in pruned.layers()
        if isinstance(op := quantized_graph(pruned).op(name), Conv | Dense)
    }
    path = tmp_path / "small.onnx"
    write_compressed(quantized_graph(pruned), path, {BANKS: banks_text(codes, 4)})
    # Layer a has 3 channels: too few for 4 banks.
    assert check_banks(load_graph(path)) == {"b": 3, "c": 8, "d": 1}
