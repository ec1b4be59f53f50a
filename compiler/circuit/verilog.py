"""Readable Verilog: one file for every unit, and ``core.v`` that joins them."""

from __future__ import annotations

import gc
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from amaranth.back import rtlil
from amaranth.lib.wiring import Component

from ...hdl.folded.params import FoldedParams
from ...hdl.grouped.params import GroupedParams
from ...hdl.memories import Target
from ...hdl.skipping.params import SkippingParams
from ...hdl.stored import LOGIC
from ...hdl.unrolled.apart import ADDERS
from ...hdl.unrolled.params import UnrolledParams
from ..mapping.design import Design, Unit
from .components import component_of
from .core import Core
from .readable import readable, split_modules, without_zeros
from .yosys import run_yosys

TOP = "core"

_STREAM_SIGNALS = ("s*_payload", "s*_valid", "s*_ready")
_INTERNAL = (
    "-remove generator -remove top -remove src -remove amaranth.hierarchy -remove amaranth.decoding"
)


def write_rtl(design: Design, folder: Path) -> tuple[Path, ...]:
    """Write the circuit of a design as Verilog.

    The same design gives the same bytes. Weights and tables stand in ``initial`` blocks.

    Parameters
    ----------
    design : Design
    folder : Path
        Takes ``core.v`` and a file per unit, ``<unit>.v``, which holds the unit's module and those
        inside it (``<unit>__weights`` …). Made if it does not exist.

    Returns
    -------
    tuple of Path
        ``core.v`` first, then the units' files in topological order.

    Raises
    ------
    ToolError
        If pyosys is missing or fails.
    """
    components = {unit.name: component_of(design, unit) for unit in design.units}
    texts = verilog_of(design, components)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in texts.items():
        path = folder / f"{name}.v"
        path.write_text(text, encoding="utf-8", newline="\n")
        written.append(path)
    return tuple(written)


def verilog_of(design: Design, components: Mapping[str, Component]) -> dict[str, str]:
    """Return the text of every file by the name of its main module, ``core`` first.

    Parameters
    ----------
    design : Design
    components : mapping of str to Component
        See Core.
    """
    with _no_collection():
        text = rtlil.convert(
            Core(design, components), TOP, Target(design.board.family), emit_src=False
        )
    with tempfile.TemporaryDirectory(prefix="sangi-rtl-") as name:
        source, target = Path(name) / "core.il", Path(name) / "core.v"
        source.write_text(text, encoding="utf-8")
        run_yosys(
            [
                f"read_rtlil {source}",
                # The names of the streams outlive their aliases.
                f"setattr -set keep 1 {' '.join(f'{TOP}/w:{name}' for name in _STREAM_SIGNALS)}",
                # Resets and enables as if, choices as ?:, no copies of names.
                "proc",
                "opt_expr",
                "opt_clean",
                "opt_dff",
                "opt_expr",
                "opt_clean -purge",
                # Tools map these tables and adders apart from what surrounds them.
                f'setattr -mod -set keep_hierarchy "yes" *{LOGIC} *.{ADDERS}',
                f"setattr -unset keep {TOP}/w:*",
                f"attrmap {_INTERNAL}",
                f"attrmap -modattr {_INTERNAL}",
                f"write_verilog {target}",
            ]
        )
        verilog = target.read_text(encoding="utf-8")

    parts: dict[str, list[str]] = {TOP: [], **{unit.name: [] for unit in design.units}}
    for name, body in split_modules(readable(verilog, TOP)):
        owner = next(part for part in parts if name == part or name.startswith(f"{part}__"))
        # A unit's main module leads its file.
        parts[owner].insert(0 if name == owner else len(parts[owner]), without_zeros(body))
    units = {unit.name: unit for unit in design.units}
    return {
        owner: "\n".join([_header(design, units.get(owner)), *bodies])
        for owner, bodies in parts.items()
    }


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep Python from looking for garbage in a netlist that only grows: half of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _header(design: Design, unit: Unit | None) -> str:
    """Return the comment that leads a file."""
    if unit is None:
        lines = [
            f"{TOP}: the network {design.program.name}",
            f"{len(design.units)} units, {len(design.streams)} streams, "
            f"{design.cycles_per_frame} cycles per frame",
        ]
        lines += [
            f"{stream.name}: {stream.source or 'outside'} -> {stream.target or 'outside'}, "
            f"{stream.tensor}, {stream.beat.lanes} x {stream.beat.bits} bits, "
            f"{stream.beats} beats per frame"
            for stream in design.streams
        ]
    else:
        node = next((node for node in design.program.nodes if node.name == unit.node), None)
        what = "between layers" if node is None else f"node {node.name}, {type(node.op).__name__}"
        lines = [
            f"{unit.name}: {what}",
            f"engine {unit.engine}, {folding(unit)}, {unit.params.cycles} cycles per frame",
        ]
    # Names come from a model file: nothing in them may end the comment.
    return "".join(f"// {' '.join(line.split())}\n" for line in lines)


def folding(unit: Unit) -> str:
    """Say what a unit does in one cycle."""
    params = unit.params
    if isinstance(params, FoldedParams | GroupedParams | SkippingParams):
        kind = "ternary" if params.multiplier == "ternary" else f"{params.weight_bits}-bit"
        if isinstance(params, SkippingParams):
            lanes = f"PE {params.pe} x {params.banks} banks"
            if params.pixels > 1:
                lanes += f" x {params.pixels} pixels"
            return f"{lanes}, {kind} weights, zeros skipped"
        packing = params.packing if isinstance(params, FoldedParams) else None
        shared = "" if packing is None else f", {packing.count} to a multiplier"
        return f"PE {params.pe} x SIMD {params.simd}, {kind} weights{shared}"
    if isinstance(params, UnrolledParams):
        sums = f"{params.digit} bits of all sums" if params.digit else "all sums"
        return f"{sums} in a cycle, {params.size.adders} adders for {params.nonzeros} weights"
    beats = getattr(params, "out", None) or getattr(params, "beat", None)
    return f"{beats.lanes} lanes" if beats is not None else "1 lane"
