"""Netlists: what Yosys makes of the engines computes what they compute, cell by cell.

A wrong pass of synthesis is seen nowhere else: simulations end at Verilog, and place and route asks
for cells, not for what they do. The commands are those of the projects. Yosys has models of block
RAMs and multipliers for iCE40 only: elsewhere products are spelled out, and layers have none or few
of both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from drawn_layers import Drawn, draw
from harness import pack, unpack
from verilated import build, run

from sangi.boards.load import load_board
from sangi.compiler.project.nextpnr_ecp5 import CHAINS, FLAT
from sangi.compiler.project.nextpnr_ecp5 import plan as plan_ecp5
from sangi.compiler.project.nextpnr_gowin import plan as plan_gowin
from sangi.compiler.project.nextpnr_ice40 import plan as plan_ice40

SHARE = Path(find_spec("pyosys").origin).parent / "share"
SEEDS = (0, 1)


ADDING = (("folded", 2), ("skipping", 10), ("serial", 4), ("parallel", 11))
"""Small layers of ternary lanes, of few narrow products, and of adders."""

MULTIPLYING = (("folded", 0), ("packed", 11))
"""Sums of products."""

BLOCKS = (("grouped", 7),)
"""Products, with weights and results in block RAM."""


@dataclass(frozen=True)
class Flow:
    """Yosys' passes for a board, the models of its cells, and the layers that they are enough for.

    Buffers of pins stay away.
    """

    synthesis: str
    cells: str
    layers: tuple[tuple[str, int], ...]
    lut_ram: bool = True
    flat: tuple[str, ...] = ()


FLOWS = {
    "ice40": Flow(
        plan_ice40(load_board("icebreaker"), 24.0, 0).synthesis,
        "ice40/cells_sim.v",
        ADDING + MULTIPLYING + BLOCKS,
        lut_ram=False,
    ),
    "ecp5": Flow(
        plan_ecp5(load_board("ulx3s_85f"), 60.0, 0).synthesis + " -nodsp",
        "lattice/cells_sim_ecp5.v",
        ADDING + MULTIPLYING,
        flat=FLAT,
    ),
    "gowin": Flow(
        plan_gowin(load_board("tang_primer_20k"), 27.0, 0).synthesis, "gowin/cells_sim.v", ADDING
    ),
}


def with_includes(path: Path) -> str:
    """Return a Verilog file with what it includes in its place."""
    lines = path.read_text().splitlines()
    return "\n".join(
        with_includes(path.parent / line.split('"')[1]) if line.startswith("`include") else line
        for line in lines
    )


def layer_for(kind: str, number: int, flow: Flow) -> Drawn:
    layer = draw(kind, number)
    if not flow.lut_ram and layer.fifo.style == "distributed":
        return replace(layer, fifo=replace(layer.fifo, style="auto"))
    return layer


@pytest.mark.slow
@pytest.mark.parametrize("family", [pytest.param("ice40", marks=pytest.mark.ci), "ecp5", "gowin"])
def test_netlists_compute_what_circuits_do(family, tmp_path):
    flow = FLOWS[family]
    layers = [layer_for(kind, number, flow) for kind, number in flow.layers]
    models = tmp_path / "cells.v"
    models.write_text(with_includes(SHARE / flow.cells))
    chains = tmp_path / CHAINS
    # Verilator refuses an output at a constant.
    text = plan_ecp5(load_board("ulx3s_85f"), 60.0, 0).files[CHAINS]
    chains.write_text(text.replace(", .COUT(1'bx)", ""))
    flat = [command.replace(CHAINS, str(chains)) for command in flow.flat]
    synthesis = ["rename -hide w:*[*]*", *flow.synthesis.split("; "), "flatten", "clean", *flat]
    bench = build([layer.circuit for layer in layers], tmp_path, synthesis, [models])
    inputs = [pack(layer.images, layer.params.window.beat) for layer in layers]
    expected = [layer.expected.ravel() for layer in layers]
    counts = [
        len(flat) // layer.params.out.lanes for flat, layer in zip(expected, layers, strict=True)
    ]
    for seed in SEEDS:
        for layer, found, flat in zip(
            layers, run(bench, inputs, counts, seed), expected, strict=True
        ):
            given = unpack(found.payloads[0], layer.params.out)
            np.testing.assert_array_equal(given, flat, f"seed {seed}: {layer}")
