"""Nodes that do not make a graph."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import onnx
from onnx import helper

from .kind import Broken, behind, changed, content, node, sound


def many_nodes(model: onnx.ModelProto) -> None:
    relu = helper.make_node("Relu", ["x"], ["y"]).SerializeToString()
    packed = b"".join([b"\x0a" + bytes([len(relu)]) + relu] * 1_000_000)
    model.graph.MergeFromString(packed)


def million(folder: Path) -> Path:
    path = folder / "net.onnx"
    model = sound()
    many_nodes(model)
    path.write_bytes(model.SerializeToString())
    return path


def cycle(model: onnx.ModelProto) -> None:
    node(model, "Relu").input[0] = node(model, "Flatten").output[0]


def shuffled_cycle(model: onnx.ModelProto) -> None:
    conv = node(model, "Conv")
    conv.input[0] = conv.output[0]


def twice(model: onnx.ModelProto) -> None:
    node(model, "Relu").output[0] = node(model, "Conv").output[0]


def no_initializer(model: onnx.ModelProto) -> None:
    del model.graph.initializer[0]


def no_output(model: onnx.ModelProto) -> None:
    model.graph.output[0].name = "scores"


def no_opset(model: onnx.ModelProto) -> None:
    del model.opset_import[:]


def huge_opset(model: onnx.ModelProto) -> None:
    model.opset_import[0].version = 1 << 40


def opset_0(model: onnx.ModelProto) -> None:
    model.opset_import[0].version = 0


def opset_5(model: onnx.ModelProto) -> None:
    model.opset_import[0].version = 5


def ir_999(model: onnx.ModelProto) -> None:
    model.ir_version = 999


def recursive(model: onnx.ModelProto) -> None:
    model.opset_import.add(domain="mine", version=1)
    model.functions.append(
        helper.make_function(
            "mine",
            "F",
            ["a"],
            ["b"],
            [helper.make_node("F", ["a"], ["b"], domain="mine")],
            [helper.make_opsetid("", 17), helper.make_opsetid("mine", 1)],
        )
    )
    behind(model, helper.make_node("F", ["t"], ["u"], domain="mine"))


def exploding(model: onnx.ModelProto) -> None:
    """Thirty functions, each of which calls the one before twice."""
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("mine", 1)]
    model.opset_import.add(domain="mine", version=1)
    for number in range(30):
        inner = "Relu" if not number else f"F{number - 1}"
        domain = "" if not number else "mine"
        nodes = [
            helper.make_node(inner, ["a"], ["c"], domain=domain),
            helper.make_node(inner, ["c"], ["b"], domain=domain),
        ]
        model.functions.append(
            helper.make_function("mine", f"F{number}", ["a"], ["b"], nodes, imports)
        )
    behind(model, helper.make_node("F29", ["t"], ["u"], domain="mine"))


def graphs() -> Iterator[Broken]:
    """Nodes that do not make a graph."""
    yield Broken("a million nodes", million, ("must have at most 10,000 nodes, not 1,000,012",))
    yield content(
        "a name that is not UTF-8",
        lambda whole: whole.replace(b"conv_4", b"conv\xff\xfe"),
        "must be UTF-8 text, not b'conv\\xff\\xfe:0'",
    )
    yield changed("a cycle", cycle, "in a cycle: Relu 'relu_5' → ", "→ Relu 'relu_5'")
    yield changed("a node that reads itself", shuffled_cycle, "Conv 'conv_4' → Conv 'conv_4'")
    yield changed("a tensor made twice", twice, "'conv_4:0' must be made once, not twice")
    yield changed(
        "an initializer that is missing",
        no_initializer,
        "QuantizeLinear 'quantizelinear_0' reads 'c0', which nothing in the model makes",
    )
    yield changed("an output that is missing", no_output, "output 'scores' must be made by a node")
    yield changed("no opset", no_opset, "must say which opset of the standard operators it uses")
    yield changed("a huge opset", huge_opset, "must use an opset from 1 to")
    yield changed("opset 0", opset_0, "must use an opset from 1 to", "not 0")
    yield changed("an opset that cannot be converted", opset_5, "uses opset 5, which cannot be")
    yield changed("IR version 999", ir_999, "must have an IR version from 1 to", "not 999")
    yield changed("a function that calls itself", recursive, "functions must not call themselves")
    yield changed(
        "functions that explode",
        exploding,
        "must have at most 10,000 nodes, not 1,073,741,836 with its functions",
    )
