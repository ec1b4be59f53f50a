"""What the project of a board with a serial line needs of the board's file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from ...boards.board import Board
from ...runtime.errors import BoardError

Value = TypeVar("Value", str, int, float)


@dataclass(frozen=True)
class LineSettings:
    """Oscillator, serial line and pins of a board.

    Attributes
    ----------
    oscillator_mhz : float
    oscillator_pin, rx_pin, tx_pin : str
        Sites; rx and tx as the FPGA sees them.
    baud : int
    held_high : tuple of str
        Sites of pins driven high.
    """

    oscillator_mhz: float
    oscillator_pin: str
    rx_pin: str
    tx_pin: str
    baud: int
    held_high: tuple[str, ...]

    @property
    def sites(self) -> dict[str, str]:
        """Site of every port of the top level, in their order."""
        sites = {
            "oscillator": self.oscillator_pin,
            "serial_in": self.rx_pin,
            "serial_out": self.tx_pin,
        }
        if len(self.held_high) == 1:
            return sites | {"held_high": self.held_high[0]}
        return sites | {f"held_high[{bit}]": pin for bit, pin in enumerate(self.held_high)}


def line_settings(board: Board) -> LineSettings:
    """Read the settings that all boards with the shell ``uart`` have.

    Raises
    ------
    BoardError
        If the shell is another, or a key is missing or of a wrong type.
    """
    if board.shell != "uart":
        raise BoardError(
            f"board {board.name}: a project for {board.tool} needs the shell uart, "
            f"not {board.shell}"
        )
    pins = board.settings.get("pins", {})
    held = pins.get("held_high", []) if isinstance(pins, Mapping) else []
    if not isinstance(held, list) or not all(isinstance(pin, str) for pin in held):
        raise BoardError(f"board {board.name}: pins.held_high must be a list of pins, not {held!r}")
    return LineSettings(
        oscillator_mhz=setting(board, "oscillator", "mhz", float),
        oscillator_pin=setting(board, "oscillator", "pin", str),
        rx_pin=setting(board, "uart", "rx", str),
        tx_pin=setting(board, "uart", "tx", str),
        baud=setting(board, "uart", "baud", int),
        held_high=tuple(held),
    )


def setting(board: Board, table: str, key: str, kind: type[Value]) -> Value:
    """Return one value of a board's file.

    Raises
    ------
    BoardError
        If it is missing or not of type ``kind`` (a whole number is a float as well).
    """
    values: Any = board.settings.get(table)
    if not isinstance(values, Mapping) or key not in values:
        raise BoardError(f"board {board.name}: the key {table}.{key} is missing")
    value: Any = values[key]
    wanted = (int, float) if kind is float else kind
    if not isinstance(value, wanted) or isinstance(value, bool):
        raise BoardError(
            f"board {board.name}: {table}.{key} must be of type {kind.__name__}, not {value!r}"
        )
    return kind(value)
