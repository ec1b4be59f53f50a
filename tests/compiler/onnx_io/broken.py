"""Models that are broken or that no circuit computes, each with what users must be told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from ..onnx_models import Model

Change = Callable[[onnx.ModelProto], None]


@dataclass(frozen=True)
class Broken:
    """A kind of broken model.

    Attributes
    ----------
    name : str
    write : callable
        Writes it into a folder and returns its path.
    words : tuple of str
        What the message must hold.
    options : tuple of str
        Of ``sangi compile``.
    code : int
        The exit code.
    """

    name: str
    write: Callable[[Path], Path]
    words: tuple[str, ...]
    options: tuple[str, ...] = ()
    code: int = 1


def sound() -> onnx.ModelProto:
    """A small QDQ network that compiles: quantizer, convolution, pooling, Gemm.

    Nodes 0 and 1 quantize the input, 2 and 3 dequantize weight and bias of Conv ``conv_4``, then
    come Relu, quantizer, MaxPool, Flatten and Gemm with a quantized weight.
    """
    model = Model((1, 2, 6, 6))
    x = model.quantize("x", 1.0, 0)
    x = model.node("Relu", model.qconv(x, 4, 2, pads=[1] * 4, kernel_shape=[3, 3]))
    x = model.quantize(x, 0.05, 3)
    x = model.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = model.node("Flatten", x)
    x = model.node("Gemm", x, model.weight(36, 3, per_channel=False))
    graph = helper.make_graph(
        model.nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, model.shape)],
        [helper.make_tensor_value_info(x, TensorProto.FLOAT, None)],
        model.initializers,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def node(model: onnx.ModelProto, kind: str, number: int = 0) -> onnx.NodeProto:
    """The node of a type, counted from 0."""
    return [entry for entry in model.graph.node if entry.op_type == kind][number]


def constant(model: onnx.ModelProto, name: str) -> onnx.TensorProto:
    """The initializer of a name."""
    return next(tensor for tensor in model.graph.initializer if tensor.name == name)


def replace(model: onnx.ModelProto, name: str, array: Any) -> None:
    """Give an initializer another value."""
    constant(model, name).CopyFrom(numpy_helper.from_array(np.asarray(array), name))


def attribute(entry: onnx.NodeProto, name: str, value: Any) -> None:
    """Set an attribute, whatever was there."""
    kept = [option for option in entry.attribute if option.name != name]
    del entry.attribute[:]
    entry.attribute.extend([*kept, helper.make_attribute(name, value)])


def behind(model: onnx.ModelProto, *nodes: onnx.NodeProto) -> None:
    """Put nodes between MaxPool and Flatten: the first reads ``t``, the last makes ``u``."""
    place = list(model.graph.node).index(node(model, "Flatten"))
    rest = list(model.graph.node)[place:]
    pool = node(model, "MaxPool")
    rest[0].input[0] = "u"
    for entry in nodes:
        entry.input[:] = [pool.output[0] if name == "t" else name for name in entry.input]
    del model.graph.node[place:]
    model.graph.node.extend([*nodes, *rest])


def changed(name: str, change: Change, *words: str, options: tuple[str, ...] = ()) -> Broken:
    """The sound network with a change."""

    def write(folder: Path) -> Path:
        model = sound()
        change(model)
        path = folder / "net.onnx"
        path.write_bytes(model.SerializeToString())
        return path

    return Broken(name, write, words, options)


def content(name: str, make: Callable[[bytes], bytes], *words: str) -> Broken:
    """The bytes of the sound network, changed."""

    def write(folder: Path) -> Path:
        path = folder / "net.onnx"
        path.write_bytes(make(sound().SerializeToString()))
        return path

    return Broken(name, write, words)


# ---- the file


def external(location: str, *, there: bytes | None = None, **entries: int) -> Change:
    """The weights of the convolution in a file of their own."""

    def change(model: onnx.ModelProto) -> None:
        tensor = max(model.graph.initializer, key=lambda entry: len(entry.raw_data))
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in {"location": location, **entries}.items():
            tensor.external_data.add(key=key, value=str(value))

    return change


def with_file(kind: Broken, name: str, size: int) -> Broken:
    """A kind with a file of zeros beside it."""

    def write(folder: Path) -> Path:
        (folder / name).write_bytes(bytes(size))
        return kind.write(folder)

    return Broken(kind.name, write, kind.words)


def missing_file(folder: Path) -> Path:
    return folder / "nowhere.onnx"


def files() -> Iterator[Broken]:
    """Files that hold no whole model."""
    not_one = "must be an ONNX model; this file is not one, or it is truncated"
    yield Broken("a file that does not exist", missing_file, ("nowhere.onnx",), code=2)
    yield content("an empty file", lambda _: b"", "must be an ONNX model, not an empty file")
    yield content("text", lambda _: b"this is not ONNX", not_one)
    yield content("a truncated file", lambda whole: whole[:-40], not_one)
    yield content(
        "a model without a graph",
        lambda _: onnx.ModelProto(ir_version=8).SerializeToString(),
        "must be an ONNX model with nodes and outputs",
    )
    keeps = "keeps weights in weights.bin: put that beside the model (weights.bin is not there)"
    yield changed("external data that is missing", external("weights.bin"), keeps)
    beside = "must keep its data beside the model, not in"
    yield changed("external data at an absolute path", external("/etc/passwd"), beside)
    yield changed("external data outside the folder", external("../weights.bin"), beside)
    yield with_file(
        changed(
            "external data that is too short",
            external("weights.bin", offset=16, length=108),
            "needs bytes 16…124 of weights.bin, which has 100",
        ),
        "weights.bin",
        100,
    )
    yield with_file(
        changed(
            "external data of another length",
            external("weights.bin"),
            "is damaged: [36, 3] needs 108 bytes, and there are 100",
        ),
        "weights.bin",
        100,
    )
    yield with_file(
        changed(
            "external data at a negative place",
            external("weights.bin", offset=-4),
            "offset must be a number of bytes, not '-4'",
        ),
        "weights.bin",
        100,
    )


# ---- names, order, versions


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


# ---- inputs and outputs


def dynamic(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_param = "H"


def huge_input(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[3].dim_value = 1 << 40


def negative_input(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[3].dim_value = -6


def no_type(model: onnx.ModelProto) -> None:
    model.graph.input[0].ClearField("type")


def text_input(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.STRING


def sequence(model: onnx.ModelProto) -> None:
    kind = helper.make_sequence_type_proto(model.graph.input[0].type)
    model.graph.input[0].type.CopyFrom(kind)


def rank(*shape: int) -> Change:
    def change(model: onnx.ModelProto) -> None:
        del model.graph.input[0].type.tensor_type.shape.dim[:]
        for size in shape:
            model.graph.input[0].type.tensor_type.shape.dim.add().dim_value = size

    return change


def second_input(model: onnx.ModelProto) -> None:
    model.graph.input.append(helper.make_tensor_value_info("z", TensorProto.FLOAT, [1, 4]))


def second_output(model: onnx.ModelProto) -> None:
    model.graph.output.append(
        helper.make_tensor_value_info(node(model, "MaxPool").output[0], TensorProto.FLOAT, None)
    )


def input_as_output(model: onnx.ModelProto) -> None:
    model.graph.output[0].name = "x"


def constant_as_output(model: onnx.ModelProto) -> None:
    model.graph.output[0].name = "c0"


def unused_input(model: onnx.ModelProto) -> None:
    model.graph.node.insert(0, helper.make_node("ConstantOfShape", ["shape"], ["made"]))
    model.graph.initializer.append(numpy_helper.from_array(np.array([1, 2, 6, 6]), "shape"))
    node(model, "QuantizeLinear").input[0] = "made"


def ends() -> Iterator[Broken]:
    """Inputs and outputs that a circuit cannot have."""
    static = "input 'x' must have a static shape, not (1,2,?,6): use --input-shape"
    yield changed("a dynamic spatial dimension", dynamic, static)
    yield changed("a huge input", huge_input, "input 'x' must have at most 33,554,432 elements")
    yield changed("an input of negative size", negative_input, "must have positive sizes, not [")
    yield changed("an input without type", no_type, "must be declared as a tensor, not as nothing")
    yield changed("an input of text", text_input, "input 'x' must hold numbers, not STRING")
    yield changed("a sequence as input", sequence, "declared as a tensor, not as a sequence")
    yield changed("an input of rank 0", rank(), "must have a static shape, not (unknown)")
    yield changed("an input of rank 1", rank(72), "must have a static shape, not (72)")
    yield changed("an input of rank 2", rank(1, 72), "Conv 'conv_4': input must have shape")
    yield changed("an input of rank 5", rank(1, 2, 1, 6, 6), "Conv 'conv_4': input must have shape")
    yield changed("two inputs", second_input, "the model must have one input, not 2: x, z")
    yield changed("two outputs", second_output, "the model must have one output, not 2: ")
    yield changed("the input as output", input_as_output, "output 'x' must be")
    yield changed("a constant as output", constant_as_output, "output 'c0' must be")
    yield changed("an input that nothing reads", unused_input, "x")
    yield changed(
        "an input shape of another rank",
        dynamic,
        "--input-shape must have 4 numbers for input 'x', batch included, not 3",
        options=("--input-shape", "2,6,6"),
    )
    yield changed(
        "an input shape that a Gemm does not take",
        dynamic,
        "Gemm 'gemm_11': input must have shape (36,), not (64,)",
        options=("--input-shape", "1,2,8,8"),
    )


# ---- constants


def set_scale(value: float) -> Change:
    def change(model: onnx.ModelProto) -> None:
        replace(model, "c0", np.float32(value))

    return change


def typed_zero_point(model: onnx.ModelProto) -> None:
    replace(model, "c1", np.float32(0))


def wide_zero_point(model: onnx.ModelProto) -> None:
    replace(model, "c1", np.int64(0))


def short(model: onnx.ModelProto) -> None:
    tensor = constant(model, "c2")
    tensor.raw_data = tensor.raw_data[:-1]


def negative_size(model: onnx.ModelProto) -> None:
    constant(model, "c2").dims[0] = -4


def huge_size(model: onnx.ModelProto) -> None:
    constant(model, "c2").dims[0] = 1 << 50


def zero_size(model: onnx.ModelProto) -> None:
    replace(model, "c2", np.zeros((0, 2, 3, 3), np.int8))


def odd_type(model: onnx.ModelProto) -> None:
    constant(model, "c2").data_type = 200


def complex_type(model: onnx.ModelProto) -> None:
    replace(model, "c2", np.zeros((4, 2, 3, 3), np.complex64))


def same_name(model: onnx.ModelProto) -> None:
    model.graph.initializer.append(constant(model, "c0"))


def sparse(model: onnx.ModelProto) -> None:
    values = numpy_helper.from_array(np.ones(1, np.float32), "thin")
    places = numpy_helper.from_array(np.zeros(1, np.int64), "places")
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, places, [4]))


def constants() -> Iterator[Broken]:
    """Constants that are damaged or make no sense."""
    positive = "QuantizeLinear 'quantizelinear_0': scale 'c0' must be positive, not"
    yield changed("scale 0", set_scale(0.0), positive)
    yield changed("a negative scale", set_scale(-0.5), positive)
    yield changed("scale NaN", set_scale(float("nan")), "must hold finite numbers, not nan")
    yield changed("an infinite scale", set_scale(float("inf")), "must hold finite numbers, not inf")
    yield changed("a zero point of float type", typed_zero_point, "quantizelinear_0'")
    yield changed("a zero point of 64 bits", wide_zero_point, "quantizelinear_0'")
    yield changed("too few bytes", short, "initializer 'c2' is damaged: ", "there are 71")
    yield changed("a negative size", negative_size, "'c2' must have sizes of at least 0, not [-4")
    yield changed("a huge size", huge_size, "initializer 'c2' is damaged: ")
    yield changed("no elements", zero_size, "must have one entry per index of axis 0 (0), not 4")
    yield changed("an unknown element type", odd_type, "'c2' must hold numbers, not type 200")
    yield changed("complex weights", complex_type, "'c2' must hold numbers, not COMPLEX64")
    yield changed("an initializer twice", same_name, "initializer 'c0' must be there once")
    yield changed("a sparse initializer", sparse, "initializer 'thin' must be dense")


# ---- nodes


def conv_option(name: str, value: Any) -> Change:
    def change(model: onnx.ModelProto) -> None:
        attribute(node(model, "Conv"), name, value)

    return change


def pool_option(name: str, value: Any) -> Change:
    def change(model: onnx.ModelProto) -> None:
        attribute(node(model, "MaxPool"), name, value)

    return change


def no_kernel(model: onnx.ModelProto) -> None:
    pool = node(model, "MaxPool")
    del pool.attribute[:]


def inserted(
    kind: str, *inputs: str, domain: str = "", outputs: Any = ("u",), **options: Any
) -> Change:
    def change(model: onnx.ModelProto) -> None:
        entry = helper.make_node(
            kind, ["t", *inputs], outputs, name="strange", domain=domain, **options
        )
        behind(model, entry)

    return change


def with_constant(array: Any, change: Change) -> Change:
    """A change that may read the constant ``k``."""

    def both(model: onnx.ModelProto) -> None:
        model.graph.initializer.append(numpy_helper.from_array(np.asarray(array), "k"))
        change(model)

    return both


def branching(model: onnx.ModelProto) -> None:
    """An If whose condition is an activation, and whose branches are graphs of their own."""
    inner = helper.make_graph(
        [helper.make_node("Relu", [node(model, "MaxPool").output[0]], ["r"])],
        "branch",
        [],
        [helper.make_tensor_value_info("r", TensorProto.FLOAT, None)],
    )
    entry = helper.make_node("If", ["t"], ["u"], name="strange")
    entry.attribute.append(helper.make_attribute("then_branch", inner))
    entry.attribute.append(helper.make_attribute("else_branch", inner))
    behind(model, entry)


def grown(kind: str, *arrays: Any) -> Change:
    """A product with a constant that a node makes of a few numbers."""

    def change(model: onnx.ModelProto) -> None:
        names = [f"k{index}" for index in range(len(arrays))]
        for name, array in zip(names, arrays, strict=True):
            model.graph.initializer.append(numpy_helper.from_array(np.asarray(array), name))
        large = helper.make_node(kind, names, ["large"], name="strange")
        behind(model, large, helper.make_node("Mul", ["t", "large"], ["u"]))

    return change


def wide_weight(model: onnx.ModelProto) -> None:
    replace(model, "c2", np.ones((4, 5, 3, 3), np.int8))


def computed_weight(model: onnx.ModelProto) -> None:
    node(model, "Conv").input[1] = node(model, "DequantizeLinear").output[0]


def long_bias(model: onnx.ModelProto) -> None:
    name = node(model, "DequantizeLinear", 2).input[0]
    replace(model, name, np.zeros(7, np.int32))


def gemm_mismatch(model: onnx.ModelProto) -> None:
    name = node(model, "DequantizeLinear", 4).input[0]
    replace(model, name, np.ones((37, 3), np.int8))


def normed(lengths: tuple[int, int, int, int], variance: float = 1.0) -> Change:
    def change(model: onnx.ModelProto) -> None:
        for name, length in zip("abcd", lengths, strict=True):
            array = np.full(length, variance if name == "d" else 1.0, np.float32)
            model.graph.initializer.append(numpy_helper.from_array(array, name))
        inserted("BatchNormalization", "a", "b", "c", "d")(model)

    return change


def depthwise(model: onnx.ModelProto) -> None:
    replace(model, "c2", np.ones((4, 1, 3, 3), np.int8))
    attribute(node(model, "Conv"), "group", 2)


def several(model: onnx.ModelProto) -> None:
    depthwise(model)
    behind(
        model,
        helper.make_node("LeakyRelu", ["t"], ["v"], name="leaky"),
        helper.make_node("Gelu", ["v"], ["u"], name="strange", domain="mine"),
    )


def nodes() -> Iterator[Broken]:
    """Nodes that are damaged or that no circuit computes."""
    strange = "op type mine.Gelu is not supported"
    yield changed("an unknown domain", inserted("Gelu", domain="mine"), f"'strange': {strange}")
    attention = inserted("Attention", "k", "k")
    yield changed(
        "an Attention node",
        with_constant(np.ones((1, 4, 3, 3), np.float32), attention),
        "Attention 'strange': op type Attention is not supported",
        "supported op types: Add, ",
    )
    yield changed(
        "a tree ensemble",
        inserted("TreeEnsembleClassifier", domain="ai.onnx.ml"),
        "op type ai.onnx.ml.TreeEnsembleClassifier is not supported",
    )
    large = np.array([1 << 20, 1 << 20])
    for kind, arrays in (
        ("ConstantOfShape", (large,)),
        ("Range", (np.float32(0), np.float32(1e12), np.float32(1))),
        ("Tile", (np.ones((2, 2), np.float32), large)),
        ("Expand", (np.float32(1), large)),
    ):
        said = f"{kind} 'strange': op type {kind} is not supported"
        yield changed(f"a {kind} of 10¹² elements", grown(kind, *arrays), said)
    yield changed("an If", branching, "If 'strange': op type If is not supported")
    yield changed(
        "several problems",
        several,
        "holds 3 nodes that cannot be mapped to a circuit:",
        "Conv 'conv_4': groups must be 1, not 2",
        "LeakyRelu 'leaky': op type LeakyRelu is not supported",
        f"Gelu 'strange': {strange}",
    )
    yield changed("a depthwise convolution", depthwise, "groups must be 1, not 2")
    yield changed("groups that do not divide", conv_option("group", 3), "Conv 'conv_4': ")
    yield changed("no groups", conv_option("group", 0), "Conv 'conv_4': groups must")
    yield changed("strides of 2³¹", conv_option("strides", [1 << 31] * 2), "must be at most 1,048")
    yield changed("dilations of 2⁴⁰", conv_option("dilations", [1 << 40] * 2), "must be at most")
    yield changed("huge pads", conv_option("pads", [1 << 20] * 4), "must have at most 33,554,432")
    yield changed("negative pads", conv_option("pads", [-1] * 4), "pads must be 4 numbers of at")
    yield changed("strides of 0", conv_option("strides", [0, 0]), "'conv_4': strides must be at l")
    yield changed("a wrong auto_pad", conv_option("auto_pad", "SAME"), "auto_pad must be NOTSET")
    yield changed(
        "an attribute of a wrong type",
        conv_option("strides", "wide"),
        "Conv 'conv_4': attribute strides must be of type INTS, not STRING",
    )
    yield changed(
        "an attribute that nobody knows",
        conv_option("dilution", [2, 2]),
        "Conv 'conv_4': attribute dilution must be one of auto_pad, dilations, group, ",
    )
    yield changed("no kernel_shape", no_kernel, "MaxPool 'maxpool_8': kernel_shape must be given")
    yield changed(
        "a kernel_shape that is not the weight's",
        conv_option("kernel_shape", [5, 5]),
        "Conv 'conv_4': kernel_shape must be that of the weight, (3, 3), not (5, 5)",
    )
    yield changed(
        "a kernel larger than its frame",
        pool_option("kernel_shape", [9, 9]),
        "MaxPool 'maxpool_8': padded input must have at least 9 rows, not 6",
    )
    yield changed("weights of other channels", wide_weight, "Conv 'conv_4': input must have 5 chan")
    yield changed("weights computed at run time", computed_weight, "'conv_4': the weight must be a")
    yield changed("a bias of another length", long_bias, "Conv 'conv_4': bias must have 4 entries")
    yield changed("a Gemm of other features", gemm_mismatch, "input must have shape (37,), not (36")
    yield changed("a BN of other lengths", normed((4, 4, 3, 4)), "must have one length, not [4, 4")
    yield changed("a BN of other channels", normed((5, 5, 5, 5)), "BatchNormalization 'strange': ")
    yield changed("a negative variance", normed((4,) * 4, -1.0), "var + epsilon must be positive")
    yield changed(
        "a Reshape that does not fit",
        with_constant(np.array([1, 5]), inserted("Reshape", "k")),
        "Reshape 'strange': shape must fit the 36 elements of the input, not be (1, 5)",
    )
    yield changed("an axis beyond", inserted("Softmax", axis=7), "Softmax 'strange': axis must be")
    yield changed(
        "a permutation that is none",
        inserted("Transpose", perm=[0, 1, 1, 2]),
        "Transpose 'strange': perm must",
    )
    yield changed(
        "too many inputs", inserted("Relu", "t", "t"), "number of inputs must be 1, not 3"
    )
    yield changed(
        "a division by 0",
        with_constant(np.float32(0), inserted("Div", "k")),
        "Div 'strange': divisor must not be 0",
    )
    yield changed(
        "a constant that is not finite",
        with_constant(np.float32("nan"), inserted("Mul", "k")),
        "initializer 'k' of Mul 'strange' must hold finite numbers, not nan",
    )


KINDS: tuple[Broken, ...] = (*files(), *graphs(), *ends(), *constants(), *nodes())
