"""Corrections of the cost models by family: factors fitted to what Yosys makes of drawn networks.

``fitted.json`` holds per family and kind of unit the factors of look-up tables and of flip-flops;
``tests/benchmarks/fit_costs.py`` writes it. Block RAMs and multipliers are counted, not fitted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from statistics import fmean

from .cost import Resources

FILE = Path(__file__).with_name("fitted.json")

OTHERS = "others"
"""Key of the factors of kinds that the drawn networks did not show."""

_NONE = (1.0, 1.0)

_LIKE = {"arria10": "cyclonev"}
"""Families without a fit take that of the nearest one: the same ALMs."""


@cache
def factors() -> Mapping[str, Mapping[str, tuple[float, float]]]:
    """Return the factors of LUTs and flip-flops by family and kind of unit."""
    document = json.loads(FILE.read_text(encoding="utf-8"))
    return {
        family: {kind: (float(lut), float(ff)) for kind, (lut, ff) in kinds.items()}
        for family, kinds in document["factors"].items()
    }


def corrected(raw: Resources, kind: str, family: str) -> Resources:
    """Return an estimate as the fit corrects it, that of the nearest family where it has none.

    A kind that the drawn networks hardly showed takes the mean factors of the engine's others.

    Parameters
    ----------
    raw : Resources
        Of the cost model.
    kind : str
        Engine and variant, ``folded.ternary``.
    family : str
    """
    lut, ff = _factor(kind, family)
    return Resources(raw.lut * lut, raw.ff * ff, raw.bram, raw.dsp)


@cache
def _factor(kind: str, family: str) -> tuple[float, float]:
    """Return the factors of LUTs and flip-flops of a kind."""
    every = factors()
    return factor_of(every.get(family) or every.get(_LIKE.get(family, family), {}), kind)


def factor_of(known: Mapping[str, tuple[float, float]], kind: str) -> tuple[float, float]:
    """Return the factors of LUTs and flip-flops of a kind of unit, known in a family or not."""
    engine = kind.partition(".")[0]
    others = [pair for name, pair in known.items() if name.partition(".")[0] == engine]
    if kind in known or not others:
        return known.get(kind, known.get(OTHERS, _NONE))
    luts, ffs = zip(*others, strict=True)
    return fmean(luts), fmean(ffs)
