"""The formats of the property test: a name, and how a case is drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from .chain import Dialect, draw_network
from .finn import Finn
from .qdq import Qdq
from .qlinear import QLinear
from .qonnx import Qonnx, QonnxChannelsLast
from .sketch import Case, Sketch

Draw = Callable[[np.random.Generator], Dialect]


def _qdq(random: np.random.Generator) -> Dialect:
    return Qdq(Sketch(random, int(random.choice([10, 13, 17, 21]))))


def _narrow(random: np.random.Generator) -> Dialect:
    return Qdq(Sketch(random, int(random.choice([13, 21, 25]))), narrow=True)


def _qcdq(random: np.random.Generator) -> Dialect:
    return Qdq(Sketch(random, int(random.choice([13, 17]))), on_codes=True)


def _qonnx(random: np.random.Generator) -> Dialect:
    return Qonnx(Sketch(random, int(random.choice([7, 8, 9, 11, 13, 17, 20]))))


def _bipolar(random: np.random.Generator) -> Dialect:
    return Qonnx(Sketch(random, int(random.choice([9, 11, 17]))), bipolar=True)


def _channels_last(random: np.random.Generator) -> Dialect:
    return QonnxChannelsLast(Sketch(random, int(random.choice([9, 13, 17]))))


def _finn(random: np.random.Generator) -> Dialect:
    return Finn(Sketch(random, int(random.choice([9, 11, 17]))))


def _qlinear(random: np.random.Generator) -> Dialect:
    return QLinear(Sketch(random, int(random.choice([13, 17, 21]))))


FORMATS: Mapping[str, Draw] = {
    "qdq": _qdq,
    "qdq-narrow": _narrow,
    "qcdq": _qcdq,
    "qonnx": _qonnx,
    "bipolar": _bipolar,
    "channels-last": _channels_last,
    "finn": _finn,
    "qlinear": _qlinear,
}


def draw_case(format_name: str, seed: int) -> Case:
    """Return the case of a seed: always the same one."""
    numbers = [seed, *format_name.encode()]
    return draw_network(FORMATS[format_name](np.random.default_rng(numbers)))
