"""How large a model may be: what no circuit can hold is refused before anything walks it."""

from __future__ import annotations

from math import prod
from typing import Any

from ....runtime.errors import ModelError
from ...ir.ops.base import MAX_ELEMENTS

#: All weights live on the chip, and the largest chips hold tens of megabytes.
MAX_BYTES = 1 << 28

#: Networks of a thousand layers have about 5,000 nodes.
MAX_NODES = 10_000

#: Elements of all constants together.
MAX_CONSTANTS = 1 << 25

#: Numbers that are treated as exact rationals in one constant: biases, scales.
MAX_EXACT = 1 << 20


def check_bytes(what: str, size: int) -> None:
    """Raise ModelError where a file, or all files of a model's weights, are too large."""
    if size > MAX_BYTES:
        raise ModelError(
            f"{what} must have at most {MAX_BYTES >> 20} MiB, not {size >> 20}: "
            "all weights of a circuit live on its chip"
        )


def check_counts(path: object, model: Any) -> None:
    """Raise ModelError where a model has too many nodes, constants, inputs or outputs.

    Parameters
    ----------
    path : path of the file
    model : onnx.ModelProto
        Only the lengths of its lists are asked for.
    """
    graph = model.graph
    for what, entries in (
        ("nodes", graph.node),
        ("initializers", graph.initializer),
        ("inputs", graph.input),
        ("outputs", graph.output),
        ("declared shapes", graph.value_info),
        ("functions", model.functions),
        ("metadata entries", model.metadata_props),
        ("opset imports", model.opset_import),
    ):
        if len(entries) > MAX_NODES:
            raise ModelError(
                f"{path} must have at most {MAX_NODES:,} {what}, not {len(entries):,}: "
                "a circuit has a unit for every node"
            )


def check_elements(what: str, shape: tuple[int, ...]) -> None:
    """Raise ModelError where a tensor, batch included, has too many elements."""
    if prod(shape) > MAX_ELEMENTS:
        raise ModelError(
            f"{what} must have at most {MAX_ELEMENTS:,} elements, not {prod(shape):,} "
            f"({'×'.join(map(str, shape))})"
        )
