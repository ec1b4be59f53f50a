"""Attributes of ops that have the options of a standard op but no schema of the standard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .reader import Refusal, attributes

_NUMBERS = (
    "axis",
    "block_size",
    "ceil_mode",
    "channels_last",
    "count_include_pad",
    "group",
    "keepdims",
    "output_dtype",
    "transA",
    "transB",
)
_LISTS = ("axes", "dilations", "kernel_shape", "pads", "strides")


def checked_options(node: Any) -> Mapping[str, Any]:
    """Return the attributes of a node that mean something here.

    Raises
    ------
    Refusal
        If one of them has a type that it cannot have.
    """
    options = {}
    for name, value in attributes(node).items():
        if name in _NUMBERS:
            right, what = isinstance(value, int), "a whole number"
        elif name in _LISTS:
            right = isinstance(value, list) and all(isinstance(entry, int) for entry in value)
            what = "a list of whole numbers"
        elif name == "alpha":
            right, what = isinstance(value, float), "a number"
        elif name == "auto_pad":
            right, what = isinstance(value, str), "a word"
        else:
            continue
        if not right:
            raise Refusal(f"{name} must be {what}, not {value!r}")
        options[name] = value
    return options
