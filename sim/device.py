"""The device ``sim:``: the circuit and its shell, compiled by Verilator, behind a pipe.

A build with the AXI shell is run by ``axi.py``; ``sim:pins`` is the whole top level of a board with
a serial line at its pins, see ``pins.py``.
"""

from __future__ import annotations

from pathlib import Path

from ..runtime.devices.device import Device
from ..runtime.devices.packet_device import PacketDevice
from ..runtime.errors import DeviceError
from ..runtime.program import Program
from .axi import has_axi, open_axi
from .pins import open_pins
from .pipe import PipeTransport
from .verilator.once import render, sources_of, verilate_once

TOP = "shell"
IDLE_CYCLES = 1 << 24
"""Cycles without a byte after which the simulation slows down, to spare the processor."""

TIMEOUT = 2.0
"""Seconds of silence until packets are repeated; nothing is lost on a pipe."""

PATIENCE = 600.0
"""Seconds without progress until the circuit counts as stuck."""


def harness() -> str:
    """Return the text of the C++ program around the module ``shell``."""
    return render("shell.cpp.jinja", top=TOP, rx="rx_", tx="tx_", idle_cycles=IDLE_CYCLES)


def executable_of(build: Path) -> Path:
    """Return the Verilated shell of a build; compile it where that was not done for this Verilog.

    It is kept in ``results/sim_device`` of the build.

    Raises
    ------
    BuildError
        If the build has no ``rtl/shell.v``.
    ToolError
        See ``verilate``.
    """
    sources = sources_of(build)
    return verilate_once(TOP, sources, harness(), build / "results" / "sim_device")


def open_device(address: str, build: Path, program: Program) -> Device:
    """Open ``sim:`` or ``sim:pins``.

    Raises
    ------
    BuildError, ToolError
        See ``executable_of``, ``axi.open_axi`` and ``pins.open_pins``.
    DeviceError
        If the address is another, or see ``PacketDevice`` and ``AxiDevice``.
    """
    if address == "pins":
        return open_pins(build, program)
    if address:
        raise DeviceError(f"device sim: must be sim: or sim:pins, not {'sim:' + address!r}")
    if has_axi(build):
        return open_axi(build, program)
    transport = PipeTransport(executable_of(build))
    return PacketDevice(program, transport, timeout=TIMEOUT, patience=PATIENCE)
