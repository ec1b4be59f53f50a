"""What a design takes of a chip, by the cost models."""

from __future__ import annotations

from ...boards.board import Board
from ...hdl.cost import Resources
from ...hdl.engines import engine_of
from ...hdl.fifo.cost import cost as fifo_cost
from .design import Design, Stream, Unit
from .memory import burst_of, fifo_params

UART_SHELL = Resources(lut=1400.0, ff=1100.0, bram=2.0)
"""The packet shell with its UART and clock crossing."""

AXI_SHELL = Resources(lut=1600.0, ff=2200.0)
"""The AXI shell at its widest (16 lanes in and out), as Yosys makes it for xc7: 1,501 and 2,174;
with one lane 744 and 1,279. The block design's DMA and interconnect are not counted."""


def stream_resources(design: Design, stream: Stream) -> Resources:
    """Return the cost of a stream's FIFO; nothing for the streams that enter from outside."""
    if stream.source is None:
        return Resources()
    burst = burst_of(design.unit(stream.source).params)
    params = fifo_params(stream.beat.width, stream.depth, burst, design.board.family)
    return fifo_cost(params, design.board.family)


def unit_resources(design: Design, unit: Unit) -> Resources:
    """Return the cost of a unit with the FIFOs behind its outputs."""
    total = engine_of(unit.params).cost(unit.params, design.board.family)
    for name in unit.outputs:
        total += stream_resources(design, design.stream(name))
    return total


def shell_resources(board: Board) -> Resources:
    """Return the cost of what stands around the core: a constant per shell."""
    return {"uart": UART_SHELL, "axi": AXI_SHELL, None: Resources()}[board.shell]


def total_resources(design: Design) -> Resources:
    """Return the cost of the whole circuit, its shell included."""
    total = shell_resources(design.board)
    for unit in design.units:
        total += unit_resources(design, unit)
    return total
