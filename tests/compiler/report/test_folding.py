"""What a report says of how much a unit does side by side."""

import numpy as np

from sangi.boards.load import load_board
from sangi.compiler.circuit.verilog import folding as comment
from sangi.compiler.mapping.mapper import map_program
from sangi.compiler.mapping.wishes import LayerWish, Wishes
from sangi.compiler.report.folding import folding
from sangi.runtime.ops.conv import Conv

from ..mapping.programs import Builder


def test_pixels_that_share_a_stream_of_indices():
    net = Builder((4, 4, 2))
    weights = np.eye(18, dtype=np.int64)[:4].reshape(4, 3, 3, 2)
    first = net.node("conv", Conv(weights, (1, 1), (1, 1, 1, 1)), "x")
    wish = LayerWish("skipping", {"pe": 2, "banks": 1, "pixels": 4})
    program, wishes = net.program(first), Wishes(layers={"conv": wish})
    design = map_program(program, load_board("pynq_z2"), wishes=wishes)
    (unit,) = (unit for unit in design.units if unit.engine == "skipping")
    assert folding(unit.params) == {"pe": 2, "banks": 1, "pixels": 4}
    assert comment(unit) == "PE 2 x 1 banks x 4 pixels, ternary weights, zeros skipped"
