"""The formats that are read: which op types of which domains each brings, in one visible list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .channels_last import (
    CHANNELS_LAST_DOMAINS,
    CHANNELS_LAST_HANDLERS,
    NHWC_DOMAINS,
    NHWC_HANDLERS,
)
from .finn import FINN_HANDLERS
from .float import FLOAT_HANDLERS
from .qdq import QDQ_HANDLERS
from .qlinear import RUNTIME_HANDLERS, STANDARD_HANDLERS
from .qonnx import QONNX_DOMAINS, QONNX_HANDLERS
from .reader import Handler
from .versions import STANDARD

#: The domain of ONNX Runtime.
RUNTIME = ("com.microsoft",)


@dataclass(frozen=True)
class Format:
    """A way to write networks.

    Attributes
    ----------
    name : str
    domains : tuple of str
        Operator domains in which real files keep these op types.
    handlers : mapping of op type to Handler
    """

    name: str
    domains: tuple[str, ...]
    handlers: Mapping[str, Handler]


FORMATS: tuple[Format, ...] = (
    Format("float", STANDARD, FLOAT_HANDLERS),
    Format("QDQ", (*STANDARD, *RUNTIME), QDQ_HANDLERS),
    Format("QLinear", STANDARD, STANDARD_HANDLERS),
    Format("ONNX Runtime's QLinear", RUNTIME, RUNTIME_HANDLERS),
    Format("QONNX", QONNX_DOMAINS, QONNX_HANDLERS),
    Format("FINN", QONNX_DOMAINS, FINN_HANDLERS),
    Format("QONNX channels last", CHANNELS_LAST_DOMAINS, CHANNELS_LAST_HANDLERS),
    Format("FINN channels last", NHWC_DOMAINS, NHWC_HANDLERS),
)


def find_handler(domain: str, op_type: str) -> Handler | None:
    """Return what translates nodes of a type, or None where no format knows it."""
    for entry in FORMATS:
        if domain in entry.domains and op_type in entry.handlers:
            return entry.handlers[op_type]
    return None


def supported_types() -> tuple[str, ...]:
    """Return the op types of all formats, sorted."""
    return tuple(sorted({op_type for entry in FORMATS for op_type in entry.handlers}))
