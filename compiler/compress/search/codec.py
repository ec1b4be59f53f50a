"""Networks, stages and rungs as JSON and arrays, without pickle.

JSON stands for values as they are, but for: a list is a tuple, ``{"fraction": [n, d]}`` a Fraction,
``{"rounding": name}`` a Rounding, ``{"array": i}`` the i-th array beside the JSON,
``{"map": [[key, value], …]}`` a mapping, ``{"type": name, "fields": {…}}`` one of ``TYPES``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from fractions import Fraction
from typing import Any

import networkx as nx
import numpy as np
import numpy.typing as npt

from ....runtime.numerics import Rounding
from ...ir.graph import Graph
from ...ir.ops.add import Add
from ...ir.ops.affine import Affine
from ...ir.ops.averagepool import AveragePool
from ...ir.ops.batchnorm import BatchNorm
from ...ir.ops.clip import Clip
from ...ir.ops.concat import Concat
from ...ir.ops.conv import Conv
from ...ir.ops.dense import Dense
from ...ir.ops.input import Input
from ...ir.ops.maxpool import MaxPool
from ...ir.ops.multithreshold import MultiThreshold
from ...ir.ops.opaque import Opaque
from ...ir.ops.pad import Pad
from ...ir.ops.quantize import Quantize
from ...ir.ops.relu import Relu
from ...ir.ops.reshape import Reshape
from ...ir.ops.slice import Slice
from ...ir.ops.tail import ArgMax, Sigmoid, Softmax
from ...ir.ops.transpose import Transpose
from ...ir.origin import Origin
from ..network import Network
from ..norm import Norm
from ..rule import BalancedTernary, Integer, Rule, Ternary

Array = npt.NDArray[Any]

#: Everything that a network may hold, by the name of its class.
TYPES: Mapping[str, type] = {
    kind.__name__: kind
    for kind in (
        *(Add, Affine, ArgMax, AveragePool, BatchNorm, Clip, Concat, Conv, Dense, Input, MaxPool),
        *(MultiThreshold, Norm, Opaque, Pad, Quantize, Relu, Reshape, Sigmoid, Slice, Softmax),
        *(Transpose, Origin, Integer, Ternary, BalancedTernary, Rule),
    )
}


def encode(value: object, arrays: list[Array]) -> Any:
    """Return a value as JSON; its arrays are appended to ``arrays``.

    Raises
    ------
    TypeError
        If the value is, or holds, something that has no form in JSON (see above).
    """
    match value:
        case None | bool() | str():
            return value
        case int() | np.integer():
            return int(value)
        case float() | np.floating():
            return float(value)
        case Rounding():
            return {"rounding": value.value}
        case Fraction():
            return {"fraction": [value.numerator, value.denominator]}
        case tuple() | list():
            return [encode(item, arrays) for item in value]
        case Mapping():
            pairs = [[encode(key, arrays), encode(item, arrays)] for key, item in value.items()]
            return {"map": pairs}
        case np.ndarray():
            arrays.append(value)
            return {"array": len(arrays) - 1}
        case _ if is_dataclass(value):
            held = {field.name: getattr(value, field.name) for field in fields(value)}
            items = {name: encode(item, arrays) for name, item in held.items()}
            return {"type": type(value).__name__, "fields": items}
        case _:
            raise TypeError(f"value must be one that can be stored, not {type(value).__name__}")


def decode(value: Any, arrays: Sequence[Array]) -> Any:
    """Return the value that ``encode`` turned into JSON and arrays.

    Raises
    ------
    KeyError, IndexError, TypeError, ValueError
        If it is not the work of ``encode``, or names a type that is not in ``TYPES``.
    """
    if isinstance(value, list):
        return tuple(decode(item, arrays) for item in value)
    if not isinstance(value, dict):
        return value
    match value:
        case {"rounding": name}:
            return Rounding(name)
        case {"fraction": [numerator, denominator]}:
            return Fraction(numerator, denominator)
        case {"map": pairs}:
            return {decode(key, arrays): decode(item, arrays) for key, item in pairs}
        case {"array": index}:
            return arrays[index]
        case _:
            kind = TYPES[value["type"]]
            return kind(**{name: decode(item, arrays) for name, item in value["fields"].items()})


def encode_network(network: Network, arrays: list[Array]) -> dict[str, Any]:
    """Return a network as JSON; its arrays are appended to ``arrays``."""
    graph = network.graph
    nodes = [
        [name, data["index"], encode(data["op"], arrays), encode(data["origin"], arrays)]
        for name, data in graph.net.nodes(data=True)
    ]
    edges = sorted(
        [target, data["input"], source, data["output"]]
        for source, target, data in graph.net.edges(data=True)
    )
    return {
        "name": graph.name,
        "nodes": nodes,
        "edges": edges,
        "outputs": [list(output) for output in graph.outputs],
        "metadata": dict(sorted(graph.metadata.items())),
        "rules": {name: encode(rule, arrays) for name, rule in sorted(network.rules.items())},
        "original_weights": network.original_weights,
    }


def decode_network(document: Mapping[str, Any], arrays: Sequence[Array]) -> Network:
    """Return the network that ``encode_network`` turned into JSON and arrays.

    Raises
    ------
    KeyError, IndexError, TypeError, ValueError
        If it is not the work of ``encode_network``.
    """
    net = nx.MultiDiGraph()
    for name, index, op, origin in document["nodes"]:
        net.add_node(name, op=decode(op, arrays), origin=decode(origin, arrays), index=index)
    for target, place, source, output in document["edges"]:
        net.add_edge(source, target, output=output, input=place)
    outputs = tuple((node, output) for node, output in document["outputs"])
    graph = Graph(document["name"], net, outputs, document["metadata"])
    rules = {name: decode(rule, arrays) for name, rule in document["rules"].items()}
    return Network(graph, rules, document["original_weights"])


def digest(document: object, arrays: Sequence[Array] = ()) -> str:
    """Return the SHA-256 of a JSON document and the arrays beside it, in hexadecimal."""
    sha = hashlib.sha256(json.dumps(document, sort_keys=True).encode())
    for array in arrays:
        sha.update(f"\n{array.dtype.str} {array.shape}\n".encode())
        sha.update(np.ascontiguousarray(array).tobytes())
    return sha.hexdigest()


def network_digest(network: Network) -> str:
    """Return the SHA-256 of everything that a network holds, in hexadecimal."""
    arrays: list[Array] = []
    return digest(encode_network(network, arrays), arrays)


def value_digest(value: object) -> str:
    """Return the SHA-256 of a value that ``encode`` takes: of a stage and its options, say."""
    arrays: list[Array] = []
    return digest(encode(value, arrays), arrays)
