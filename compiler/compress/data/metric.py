"""How good outputs are, and how sure that is."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ....runtime.errors import UsageError
from ...accuracy import Outputs, top1
from .samples import Array

Function = Callable[[Any, Array], float]
"""``(outputs, y)``: a dict of one array (N, ...) per output, and the labels."""

RESAMPLES = 200
"""Bootstrap samples: the standard error is then known to 5 % (Efron and Tibshirani 1993, ch. 6)."""


@dataclass(frozen=True)
class Metric:
    """How good outputs are; higher is better.

    Attributes
    ----------
    name : str
        ``top-1`` or ``module:function``.
    function : callable
    digest : str
        Of the file that defines a user's function, in hexadecimal: scores of another version of it
        are other scores.
    """

    name: str
    function: Function
    digest: str = ""

    def __call__(self, outputs: Outputs, y: Array) -> float:
        """Return the value for outputs (N, ...) and labels (N, ...).

        Raises
        ------
        UsageError
            If a user's function fails or gives anything but a finite number.
        """
        if self is TOP1:
            return top1(outputs, y)
        try:
            found = self.function(dict(outputs), y)
        except Exception as error:
            raise UsageError(
                f"metric {self.name} must give a number for outputs and labels, and it failed: "
                f"{type(error).__name__}: {error}"
            ) from error
        try:
            value = float(found)
        except (TypeError, ValueError):
            value = math.nan
        if not math.isfinite(value):
            raise UsageError(f"metric {self.name} must give a finite number, not {found!r}")
        return value

    def standard_error(self, first: Outputs, second: Outputs, y: Array, seed: int = 0) -> float:
        """Return one standard error of the difference of two networks on the same images.

        Of top-1 in closed form: images that both get right or wrong say nothing about the
        difference. Of other metrics by a paired bootstrap over images.

        Parameters
        ----------
        first, second : mapping of str to array (N, ...)
            Outputs of the two networks for the same images.
        y : array (N, ...)
        seed : int
            Of the bootstrap.
        """
        count = len(y)
        if self is TOP1:
            gains = _right(second, y).astype(np.float64) - _right(first, y)
            return float(gains.std() / math.sqrt(count))
        random = np.random.default_rng(seed)
        gains = np.empty(RESAMPLES)
        for place in range(RESAMPLES):
            drawn = random.integers(0, count, count)
            before, after = (
                {name: values[drawn] for name, values in outputs.items()}
                for outputs in (first, second)
            )
            gains[place] = self(after, y[drawn]) - self(before, y[drawn])
        return float(gains.std(ddof=1))


TOP1 = Metric("top-1", top1)


def load_metric(text: str | Function | None) -> Metric:
    """Return the metric that a user names.

    Parameters
    ----------
    text : str, callable or None
        ``module:function``; the module is looked for in the current folder too. A function itself;
        None is top-1.

    Raises
    ------
    UsageError
        If the module cannot be imported or has no such function.
    """
    if text is None:
        return TOP1
    if not isinstance(text, str):
        name = f"{text.__module__}:{getattr(text, '__qualname__', 'metric')}"
        return Metric(name, text, _digest(text))
    module_name, _, name = text.partition(":")
    if not (module_name and name):
        raise UsageError(f"metric must be module:function, not {text!r}")
    module = _import(module_name, text)
    function = getattr(module, name, None)
    if not callable(function):
        raise UsageError(f"metric {text!r} must be a function, and {module_name} has no {name}()")
    return Metric(text, function, _digest(function))


def _digest(function: Function) -> str:
    """Return the SHA-256 of the file that defines a function; without a file, of its bytecode."""
    try:
        defined = Path(inspect.getfile(function)).read_bytes()
    except (OSError, TypeError):  # typed in, built in, or an object that can be called
        defined = getattr(getattr(function, "__code__", None), "co_code", b"")
    return hashlib.sha256(defined).hexdigest()


def _import(name: str, text: str) -> Any:
    here = str(Path.cwd())
    added = here not in sys.path
    if added:
        sys.path.insert(0, here)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise UsageError(
                f"metric {text!r} must be in a module that Python finds, and there is no module "
                f"{error.name}; it looks in the current folder and in PYTHONPATH"
            ) from error
        raise UsageError(f"metric {text!r} cannot be imported: {error}") from error
    except Exception as error:
        raise UsageError(
            f"metric {text!r} cannot be imported: {type(error).__name__}: {error}"
        ) from error
    finally:
        if added:
            sys.path.remove(here)


def _right(outputs: Outputs, y: Array) -> Array:
    """Return for each image whether its class is right, as ``accuracy.top1`` decides it."""
    values = next(iter(outputs.values()))
    flat = values.reshape(len(values), -1)
    if flat.shape[1] == 1 and values.dtype.kind in "iu":
        return np.asarray(flat[:, 0] == y)
    return np.asarray(flat.argmax(axis=1) == y)
