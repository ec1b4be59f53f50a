from __future__ import annotations

import inspect
import json
import pkgutil
from dataclasses import dataclass, fields, is_dataclass
from fractions import Fraction
from importlib import import_module
from typing import Any

import numpy as np
import pytest

import sangi.compiler.ir.ops
from sangi.compiler.compress.network import Network
from sangi.compiler.compress.norm import Norm
from sangi.compiler.compress.rule import BalancedTernary, Grid, Integer, Rule, Ternary
from sangi.compiler.compress.search.codec import (
    TYPES,
    decode,
    decode_network,
    encode,
    encode_network,
    network_digest,
    value_digest,
)
from sangi.compiler.ir.graph import Graph, GraphBuilder
from sangi.compiler.ir.ops.add import Add
from sangi.compiler.ir.ops.base import Op
from sangi.compiler.ir.ops.conv import Conv
from sangi.compiler.ir.ops.dense import Dense
from sangi.compiler.ir.ops.input import Input
from sangi.compiler.ir.ops.quantize import Quantize
from sangi.compiler.ir.ops.relu import Relu
from sangi.compiler.ir.ops.reshape import Reshape
from sangi.compiler.ir.origin import Origin, transposed
from sangi.runtime.numerics import Rounding

BIG = Fraction(2**90 + 1, 3**50)


def same(one: Any, two: Any) -> bool:
    """Whether two values are equal, types and dtypes included."""
    if type(one) is not type(two):
        return False
    if isinstance(one, np.ndarray):
        return bool(one.dtype == two.dtype and np.array_equal(one, two))
    if isinstance(one, tuple):
        return len(one) == len(two) and all(map(same, one, two))
    if is_dataclass(one):
        return all(same(getattr(one, f.name), getattr(two, f.name)) for f in fields(one))
    return bool(one == two)


def graph() -> Graph:
    random = np.random.default_rng(0)
    builder = GraphBuilder("net", {"sangi.key": "value"})
    x = builder.add(
        "x", Input("x", (4, 4, 2), "NHWC"), tensor=Origin("x", transposed((2, 4, 4), (1, 2, 0)))
    )
    weight = random.normal(size=(3, 3, 3, 2))
    conv = builder.add("conv", Conv(weight, padding=(1, 1, 1, 1)), [x])
    ones = np.ones(3)
    norm = builder.add("norm", Norm(ones, -ones, 0 * ones, 2 * ones, 1e-3), [conv])
    relu = builder.add("relu", Relu(), [norm])
    both = builder.add("add", Add(), [relu, relu])
    fine = Quantize((BIG,), (Fraction(1, 2),), 0, 15, Rounding.HALF_UP, zero_first=True)
    flat = builder.add("flat", Reshape((48,)), [builder.add("quantize", fine, [both])])
    ends = builder.add("fc", Dense(random.normal(size=(2, 48)), bias=(BIG, -BIG)), [flat])
    return builder.build([(ends, "y"), (relu, "hidden")])


def net(grid: Grid | None = None) -> Network:
    mask = np.arange(54).reshape(3, 3, 3, 2) % 2 == 0
    rules = {"conv": Rule(grid, np.array([1.0, 2.0, 3.5]), mask), "fc": Rule()}
    return Network(graph(), rules, 150)


def back(network: Network) -> Network:
    arrays: list[Any] = []
    document = json.loads(json.dumps(encode_network(network, arrays)))
    return decode_network(document, arrays)


@pytest.mark.parametrize("grid", [None, Integer(4), Ternary(0.1), BalancedTernary(0.75, 8)])
def test_a_network_comes_back(grid: Grid | None) -> None:
    network = net(grid)
    again = back(network)
    one, two = network.graph, again.graph
    assert (one.name, one.outputs, one.metadata) == (two.name, two.outputs, two.metadata)
    assert one.order() == two.order()
    for name in one.order():
        assert same(one.op(name), two.op(name))
        assert same(one.origin(name), two.origin(name))
        assert one.inputs(name) == two.inputs(name)
        assert one.consumers(name) == two.consumers(name)
        assert one.shape(name) == two.shape(name)
    assert list(one.net.nodes) == list(two.net.nodes)
    assert again.original_weights == 150
    assert set(again.rules) == set(network.rules)
    assert all(same(rule, again.rules[name]) for name, rule in network.rules.items())
    assert network_digest(again) == network_digest(network)


def test_any_change_changes_the_digest() -> None:
    network = net()
    weight = network.layer("conv").weight.copy()
    weight[0, 0, 0, 0] = np.nextafter(weight[0, 0, 0, 0], 1)
    bias = network.layer("fc").bias
    digests = {
        network_digest(one)
        for one in (
            network,
            net(Integer(4)),
            net(Integer(5)),
            network.with_ops({"conv": Conv(weight, padding=(1, 1, 1, 1))}),
            network.with_ops({"fc": Dense(network.layer("fc").weight, bias=bias and bias[::-1])}),
            network.with_rules({"fc": Rule(mask=np.ones((2, 48), bool))}),
        )
    }
    assert len(digests) == 6


def test_every_op_of_the_ir_can_be_stored() -> None:
    found = {
        kind
        for module in pkgutil.iter_modules(sangi.compiler.ir.ops.__path__)
        for _, kind in inspect.getmembers(
            import_module(f"sangi.compiler.ir.ops.{module.name}"), inspect.isclass
        )
        if issubclass(kind, Op) and not inspect.isabstract(kind)
    }
    concrete = {kind for kind in found if kind.__name__ != "Elementwise"}
    assert concrete <= set(TYPES.values())


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        3,
        -(2**80),
        0.1,
        1e-310,
        "text",
        BIG,
        Rounding.FLOOR,
        (1, (2.5, None)),
        Integer(3),
    ],
)
def test_values_come_back(value: object) -> None:
    arrays: list[Any] = []
    document = json.loads(json.dumps(encode(value, arrays)))
    assert same(decode(document, arrays), value)


def test_numbers_of_numpy_count_as_those_of_python() -> None:
    assert encode((np.int64(3), np.float32(0.5)), []) == [3, 0.5]


def test_mappings_keep_order_and_keys() -> None:
    value = {(1, 2): "a", "b": Fraction(1, 3)}
    assert list(decode(encode(value, []), []).items()) == list(value.items())


def test_what_has_no_form_is_refused() -> None:
    with pytest.raises(TypeError, match="value must be one that can be stored, not set"):
        encode((1, {2}), [])


def test_no_other_type_is_made() -> None:
    with pytest.raises(KeyError, match="Path"):
        decode({"type": "Path", "fields": {}}, [])


def test_options_tell_stages_apart() -> None:
    @dataclass(frozen=True)
    class Options:
        share: float
        names: tuple[str, ...] = ()

    values = (Options(0.1), Options(0.2), Options(0.1, ("a",)), 0.1)
    assert len({value_digest(value) for value in values}) == 4
    assert value_digest(Options(0.1)) == value_digest(Options(0.1))
