"""Files that are unusual and whole: another order of nodes, functions, weights beside the model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from onnx import helper

from sangi.compiler.frontend import load
from sangi.compiler.onnx_io.read.model import open_model
from sangi.runtime.errors import ModelError

from .broken.kind import behind, sound


def saved(folder: Path, model: onnx.ModelProto, name: str = "net.onnx") -> Path:
    path = folder / name
    path.write_bytes(model.SerializeToString())
    return path


def backwards(model: onnx.ModelProto) -> None:
    nodes = list(model.graph.node)[::-1]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def called(model: onnx.ModelProto) -> None:
    """Two functions, one inside the other, that change nothing."""
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("mine", 1)]
    model.opset_import.add(domain="mine", version=1)
    inner = [helper.make_node("Identity", ["a"], ["b"])]
    outer = [helper.make_node("Inner", ["a"], ["b"], domain="mine")]
    for name, nodes in (("Inner", inner), ("Outer", outer)):
        model.functions.append(helper.make_function("mine", name, ["a"], ["b"], nodes, imports))
    behind(model, helper.make_node("Outer", ["t"], ["u"], domain="mine"))


def declared_wrongly(model: onnx.ModelProto) -> None:
    """Shapes that the file declares and that follow from the standard otherwise."""
    model.graph.value_info.append(
        helper.make_tensor_value_info("conv_4:0", onnx.TensorProto.FLOAT, [1, 9, 9, 9])
    )


@pytest.mark.parametrize("change", [backwards, called, declared_wrongly])
def test_a_model_of_another_form_is_the_same_program(
    tmp_path: Path, change: Callable[[onnx.ModelProto], None]
) -> None:
    model = sound()
    expected = load(saved(tmp_path, model)).digest
    change(model)
    assert load(saved(tmp_path, model)).digest == expected


def test_weights_beside_the_model(tmp_path: Path) -> None:
    expected = load(saved(tmp_path, sound())).digest
    path = tmp_path / "net.onnx"
    onnx.save(sound(), path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    assert load(path).digest == expected


def test_nodes_in_order_stay_as_they_are(tmp_path: Path) -> None:
    model = sound()
    assert list(open_model(saved(tmp_path, model)).graph.node) == list(model.graph.node)


def test_a_long_cycle_is_cut(tmp_path: Path) -> None:
    model = sound()
    names = [f"t{index}" for index in range(40)]
    behind(
        model,
        *(
            helper.make_node("Relu", [names[index - 1]], [names[index]], name=names[index])
            for index in range(40)
        ),
        helper.make_node("Add", ["t", "t7"], ["u"]),
    )
    with pytest.raises(ModelError, match="in a cycle: ") as caught:
        open_model(saved(tmp_path, model))
    assert str(caught.value).count("→") == 7
