"""The model's input: its shape, with ``--input-shape`` in place of what the file leaves open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....runtime.errors import ModelError, UnsupportedError
from .limits import check_elements
from .tensors import BITS, type_name


def model_input(model: Any) -> Any:
    """Return the one input that is not an initializer.

    Raises
    ------
    ModelError, UnsupportedError
        If there is none, or more than one.
    """
    constants = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in constants]
    if not inputs:
        raise ModelError("the model must have an input, not only constants")
    if len(inputs) > 1:
        raise UnsupportedError(
            f"the model must have one input, not {len(inputs)}: "
            f"{', '.join(value.name for value in inputs)}"
        )
    check_input(inputs[0])
    return inputs[0]


def check_input(value: Any) -> None:
    """Raise ModelError where an input is not a tensor of numbers with sizes that make sense."""
    kind = value.type.WhichOneof("value")
    if kind != "tensor_type":
        shown = "nothing" if kind is None else f"a {kind.removesuffix('_type')}"
        raise ModelError(f"input '{value.name}' must be declared as a tensor, not as {shown}")
    tensor = value.type.tensor_type
    if tensor.elem_type not in BITS:
        raise ModelError(
            f"input '{value.name}' must hold numbers, not {type_name(tensor.elem_type)}"
        )
    sizes = [int(dim.dim_value) for dim in tensor.shape.dim if dim.HasField("dim_value")]
    # Exporters of old write -1 or 0 for what is open.
    if any(size < -1 for size in sizes):
        raise ModelError(f"input '{value.name}' must have positive sizes, not {sizes}")


def with_input_shape(model: Any, input_shape: Sequence[int] | None) -> Any:
    """Return a model whose input has a static shape.

    Parameters
    ----------
    model : onnx.ModelProto
    input_shape : sequence of int, or None
        Replaces the declared shape, batch included. A batch axis that is open becomes 1.

    Raises
    ------
    ModelError
        If the shape stays open, or ``input_shape`` has another number of axes.
    """
    copy = type(model)()
    copy.CopyFrom(model)
    value = model_input(copy)
    declared = value.type.tensor_type.shape.dim
    sizes = [int(dim.dim_value) if dim.HasField("dim_value") else 0 for dim in declared]
    if input_shape is not None:
        if sizes and len(input_shape) != len(sizes):
            raise ModelError(
                f"--input-shape must have {len(sizes)} numbers for input '{value.name}', "
                f"batch included, not {len(input_shape)}"
            )
        if min(input_shape) < 1:
            raise ModelError(f"--input-shape must hold positive numbers, not {list(input_shape)}")
        sizes = list(input_shape)
        # Shapes in between were those of the old input: they are inferred again.
        del copy.graph.value_info[:]
    if sizes and sizes[0] < 1:
        sizes[0] = 1
    if len(sizes) < 2 or min(sizes) < 1:
        shown = ",".join(str(size) if size > 0 else "?" for size in sizes) or "unknown"
        raise ModelError(
            f"input '{value.name}' must have a static shape, not ({shown}); "
            "use --input-shape, for example --input-shape 1,3,64,64"
        )
    check_elements(f"input '{value.name}'", tuple(sizes))
    del declared[:]
    for size in sizes:
        declared.add().dim_value = size
    return copy


def input_sizes(model: Any) -> tuple[int, ...]:
    """Return the static shape of the input, batch included."""
    return tuple(int(dim.dim_value) for dim in model_input(model).type.tensor_type.shape.dim)
