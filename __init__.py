"""sangi: from a trained ONNX network to an FPGA dataflow circuit that is proved right.

The public face, resolved when it is first used, so that ``import sangi.runtime`` needs nothing but
NumPy:

``load(path, …)``
    ONNX file → the exact integer program, a value that also executes itself.
``compress(model, train, …)``
    Float model and its data → a small QDQ model, as good as it must be.
``compile(model, board, …)``
    Model file and board → build folder; returns its report.
``simulate(build, …)``
    Run a build's circuit in Verilator and compare every stream with the program.
``Accelerator``
    One interface to a board, its simulation, or the NumPy reference.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .compiler.compile import compile_model as compile
    from .compiler.compress.compress import compress_model as compress
    from .compiler.frontend import load
    from .compiler.simulate import simulate
    from .runtime.devices.accelerator import Accelerator

__version__ = "0.1.0"

__all__ = ["Accelerator", "__version__", "compile", "compress", "load", "simulate"]

_PLACES = {
    "Accelerator": (".runtime.devices.accelerator", "Accelerator"),
    "compile": (".compiler.compile", "compile_model"),
    "compress": (".compiler.compress.compress", "compress_model"),
    "load": (".compiler.frontend", "load"),
    "simulate": (".compiler.simulate", "simulate"),
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _PLACES[name]
    return getattr(import_module(module, __name__), attribute)
