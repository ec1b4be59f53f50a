"""``resources`` of report.json: what the circuit takes of the chip, by the cost model."""

from __future__ import annotations

import math
from typing import Any

from ..mapping.design import Design
from ..mapping.resources import total_resources


def budget(design: Design) -> dict[str, dict[str, Any]]:
    """Return used and available cells by kind, the shell included, rounded up.

    Block RAMs are counted in the family's unit, which on Xilinx has halves.
    """
    total, board = total_resources(design), design.board
    used = {
        "lut": math.ceil(total.lut),
        "ff": math.ceil(total.ff),
        "bram": math.ceil(2 * total.bram) / 2,
        "dsp": math.ceil(total.dsp),
    }
    available = {"lut": board.lut, "ff": board.ff, "bram": board.bram, "dsp": board.dsp}
    return {
        kind: {
            "used": int(count) if count == int(count) else count,
            "available": available[kind],
            "source": "model",
        }
        for kind, count in used.items()
    }
