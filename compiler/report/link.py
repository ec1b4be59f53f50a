"""How many frames a second a shell's link carries."""

from __future__ import annotations

from ...runtime.protocol import element_bytes, link_bytes
from ..mapping.design import Design

BITS_PER_BYTE = 10
"""On a UART: start bit, eight bits, stop bit."""


def link_fps(design: Design) -> float | None:
    """Return the frames per second that the link of the board's shell carries.

    Each direction carries one frame (or result) with its packets' overhead; acknowledgements go
    the other way beside them and are not counted.

    Returns
    -------
    float or None
        None where the board has no shell whose rate is known.
    """
    board = design.board
    if board.shell != "uart":
        return None
    baud = float(board.settings["uart"]["baud"])
    program = design.program
    sent = sum(_frame_bytes(design, entry.tensor) for entry in program.inputs)
    received = sum(_frame_bytes(design, output.tensor) for output in program.outputs)
    busiest = max(link_bytes(sent), link_bytes(received))
    return round(baud / BITS_PER_BYTE / busiest, 3)


def _frame_bytes(design: Design, tensor: str) -> int:
    kind = design.program.types[tensor]
    return kind.elements * element_bytes(kind.bits)
