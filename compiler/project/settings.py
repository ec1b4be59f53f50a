"""What the nextpnr-ecp5 project needs of a board's file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from ...boards.board import Board
from ...runtime.errors import BoardError

Value = TypeVar("Value", str, int, float)


@dataclass(frozen=True)
class Ecp5Settings:
    """Device, clock and pins of an ECP5 board.

    Attributes
    ----------
    size : str
        nextpnr's name of the device: 12k, 25k, 45k, 85k ….
    package : str
    speed : int
        Speed grade, 6 … 8.
    oscillator_mhz : float
    oscillator_pin, rx_pin, tx_pin : str
        Sites; rx and tx as the FPGA sees them.
    baud : int
    held_high : tuple of str
        Sites of pins driven high.
    io_type : str
        Standard of all pins.
    """

    size: str
    package: str
    speed: int
    oscillator_mhz: float
    oscillator_pin: str
    rx_pin: str
    tx_pin: str
    baud: int
    held_high: tuple[str, ...]
    io_type: str


def ecp5_settings(board: Board) -> Ecp5Settings:
    """Read the settings.

    Raises
    ------
    BoardError
        If the shell is not ``uart``, or a key is missing or of a wrong type.
    """
    if board.shell != "uart":
        raise BoardError(
            f"board {board.name}: a project for nextpnr-ecp5 needs the shell uart, "
            f"not {board.shell}"
        )
    pins = board.settings.get("pins", {})
    held = pins.get("held_high", []) if isinstance(pins, Mapping) else []
    if not isinstance(held, list) or not all(isinstance(pin, str) for pin in held):
        raise BoardError(f"board {board.name}: pins.held_high must be a list of pins, not {held!r}")
    return Ecp5Settings(
        size=_get(board, "device", "nextpnr", str),
        package=_get(board, "device", "package", str),
        speed=_get(board, "device", "speed", int),
        oscillator_mhz=float(_get(board, "oscillator", "mhz", float)),
        oscillator_pin=_get(board, "oscillator", "pin", str),
        rx_pin=_get(board, "uart", "rx", str),
        tx_pin=_get(board, "uart", "tx", str),
        baud=_get(board, "uart", "baud", int),
        held_high=tuple(held),
        io_type=_get(board, "pins", "io_type", str),
    )


def _get(board: Board, table: str, key: str, kind: type[Value]) -> Value:
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
