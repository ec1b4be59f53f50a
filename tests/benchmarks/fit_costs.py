"""Fit the cost models of every family to Yosys, and write ``hdl/fitted.json``.

Run as ``python tests/benchmarks/fit_costs.py [FAMILY …]``; without names all families, which takes
about 40 minutes of processor time. Drawn networks are mapped, every layer by a drawn engine,
and synthesized unit by unit. What Yosys counts of a unit is to be its engine's estimate times one
factor plus its FIFOs' estimates times theirs: least squares of the relative errors, drawn towards
the family's mean factor, which kinds that were hardly seen take as it is. The table shows the
factors, and the error of the totals before and after.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from drawn_networks import draw_design
from yosys_counts import BOARDS, synthesize

from sangi.compiler.mapping.design import Design, Unit
from sangi.compiler.mapping.memory import burst_of, fifo_params
from sangi.hdl.cost import Resources
from sangi.hdl.engines import engine_of
from sangi.hdl.fifo.cost import kind as fifo_kind
from sangi.hdl.fifo.cost import model as fifo_model
from sangi.hdl.fitted import FILE, OTHERS, factor_of

SAMPLES = ((1, 1), (3, 1), (5, 1), (6, 1), (9, 1), (2, 4), (8, 4), (10, 4), (12, 4))
"""Seeds and widths of the drawn networks: units of a few hundred cells, and of a few thousand."""

STIFFNESS = 30.0
"""How much a factor is drawn towards the mean one: as by so many units of mean size. Little of it
follows the drawn units closely, and then whole networks, whose units others chose, are off by more:
up to 24 % at 0.3 on xc7."""

LEAST = 30.0
"""Cells that a small unit's error is measured against, so that it counts little."""

EVIDENCE = 300.0
"""Look-up tables that all samples of a kind must take together to have a factor of its own."""

RESOURCES = ("lut", "ff")


@dataclass(frozen=True)
class Sample:
    """A unit: what its engine and its FIFOs are estimated to take, and what was counted."""

    parts: Mapping[str, Resources]
    counted: Resources


def samples_of(design: Design, counted: Mapping[str, Resources]) -> list[Sample]:
    """Return the samples of a synthesized design; print where memories or multipliers are off."""
    samples = [Sample(parts_of(design, unit), counted[unit.name]) for unit in design.units]
    for unit, sample in zip(design.units, samples, strict=True):
        model = sum(sample.parts.values(), Resources())
        # These are counted, not fitted.
        for kind in ("bram", "dsp"):
            says, found = getattr(model, kind), getattr(sample.counted, kind)
            if says != found:
                print(f"  {unit.name}: {kind} {says:g}, Yosys {found:g}; {unit.params}")
    return samples


def parts_of(design: Design, unit: Unit) -> dict[str, Resources]:
    """Return the estimates of a unit and of the FIFOs behind it, by kind, not corrected."""
    engine, family = engine_of(unit.params), design.board.family
    parts = defaultdict(Resources)
    parts[engine.kind(unit.params)] += engine.model(unit.params, family)
    burst = burst_of(unit.params)
    for name in unit.outputs:
        stream = design.stream(name)
        fifo = fifo_params(stream.beat.width, stream.depth, burst, family)
        parts[fifo_kind(fifo)] += fifo_model(fifo, family)
    return dict(parts)


def fit(samples: Sequence[Sample]) -> dict[str, tuple[float, float]]:
    """Return the factors of LUTs and of flip-flops by kind, and the mean ones for all others."""
    seen: dict[str, float] = defaultdict(float)
    for sample in samples:
        for kind, part in sample.parts.items():
            seen[kind] += part.lut
    kinds = sorted(seen)
    columns = [fit_one(samples, kinds, resource) for resource in RESOURCES]
    return {
        kind: (round(float(lut), 3), round(float(ff), 3))
        for kind, lut, ff in zip([*kinds, OTHERS], *columns, strict=True)
        if kind == OTHERS or seen[kind] >= EVIDENCE
    }


def fit_one(samples: Sequence[Sample], kinds: Sequence[str], resource: str) -> list[float]:
    """Return the factors of one resource in the order of the kinds, then the mean one."""
    counted = np.array([getattr(sample.counted, resource) for sample in samples])
    estimates = np.array(
        [
            [getattr(sample.parts.get(kind, Resources()), resource) for kind in kinds]
            for sample in samples
        ]
    )
    weights = 1 / np.sqrt(np.maximum(counted, LEAST))
    mean = float(counted.sum() / estimates.sum())
    # Larger units count more, as they do in totals: the error's square over the size.
    stiff = np.sqrt(STIFFNESS * (estimates.sum(axis=0) / len(samples) + LEAST))
    rows = np.vstack([estimates * weights[:, None], np.diag(stiff)])
    wanted = np.concatenate([counted * weights, stiff * mean])
    factors, *_ = np.linalg.lstsq(rows, wanted, rcond=None)
    # A factor of a few cells may not turn over.
    return [*np.clip(factors, 0.3, 3.0), mean]


def error(samples: Sequence[Sample], factors: Mapping[str, tuple[float, float]]) -> list[float]:
    """Return by how much the totals of LUTs and flip-flops are off, relative."""
    found = []
    for number, resource in enumerate(RESOURCES):
        estimate = sum(
            getattr(part, resource) * factor_of(factors, kind)[number]
            for sample in samples
            for kind, part in sample.parts.items()
        )
        found.append(estimate / sum(getattr(s.counted, resource) for s in samples) - 1)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit the families that are asked for and write the file; the others keep their factors."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("families", nargs="*", metavar="FAMILY", help=", ".join(BOARDS))
    families = parser.parse_args(arguments).families or list(BOARDS)
    unknown = [family for family in families if family not in BOARDS]
    if unknown:
        parser.error(f"FAMILY must be one of {', '.join(BOARDS)}, not {unknown[0]}")
    document = json.loads(FILE.read_text(encoding="utf-8"))
    for family in families:
        samples = []
        for seed, width in SAMPLES:
            design = draw_design(seed, BOARDS[family], width)
            samples += samples_of(design, synthesize(design))
        document["factors"][family] = show(family, samples)
    write(document)
    return 0


def show(family: str, samples: Sequence[Sample]) -> dict[str, tuple[float, float]]:
    """Print and return the factors of a family."""
    factors = fit(samples)
    print(f"{family}: {len(samples)} units")
    for kind, (lut, ff) in factors.items():
        print(f"  {kind:20}{lut:>7.3f} LUT {ff:>7.3f} FF")
    for name, known in (("before", {}), ("after", factors)):
        lut, ff = error(samples, known)
        print(f"  {name} {lut:+.1%} LUT {ff:+.1%} FF", flush=True)
    return factors


def write(document: Mapping[str, Mapping[str, Mapping[str, tuple[float, float]]]]) -> None:
    """Write the factors, a kind a line, in the order of the alphabet."""
    families = ",\n".join(
        f'    "{family}": {{\n'
        + ",\n".join(f'      "{kind}": [{lut}, {ff}]' for kind, (lut, ff) in sorted(kinds.items()))
        + "\n    }"
        for family, kinds in sorted(document["factors"].items())
    )
    text = f'{{\n  "factors": {{\n{families}\n  }}\n}}\n'
    FILE.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    sys.exit(main())
