"""The module ``shell``: the packet shell around the core, and its Verilog."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from amaranth.back import rtlil
from amaranth.hdl import Instance, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ...hdl.memories import Target
from ...hdl.shell.uart.circuit import Shell
from ...hdl.shell.uart.params import PortParams, ShellParams
from ...runtime.errors import UnsupportedError
from ..mapping.design import Design, Stream
from .ports import input_streams, output_streams
from .readable import readable, split_modules
from .yosys import run_yosys

TOP = "shell"

WINDOW = 16
"""Packets that the host may send ahead: 1 KiB, one block RAM."""

RESULTS = 16
"""Result packets kept until they are acknowledged."""


def shell_params(design: Design) -> ShellParams:
    """Return the parameters of a design's shell.

    Raises
    ------
    UnsupportedError
        If the network has several inputs or outputs, or frames of 16 MiB or more.
    """
    inputs, outputs = input_streams(design), output_streams(design)
    if len(inputs) != 1 or len(outputs) != 1:
        raise UnsupportedError(
            "the packet shell carries one input and one output, "
            f"not {len(inputs)} and {len(outputs)}"
        )
    try:
        return ShellParams(
            _port(inputs[0], WINDOW), _port(outputs[0], RESULTS), design.program.digest
        )
    except ValueError as error:
        raise UnsupportedError(f"the packet shell does not fit this network: {error}") from error


def _port(edge: Stream, slots: int) -> PortParams:
    return PortParams(edge.beat, edge.beats * edge.beat.lanes, slots)


class CoreShell(wiring.Component):
    """The shell and an instance of the module ``core``; a new session resets the core.

    Parameters
    ----------
    params : ShellParams

    Attributes
    ----------
    core_clk : in
        The core's clock; everything else belongs to the shell's.
    rx_payload (8 bits), rx_valid : in; rx_ready : out
        The packets' bytes to the circuit.
    tx_payload (8 bits), tx_valid : out; tx_ready : in
        The packets' bytes to the host.
    """

    core_clk: Signal
    rx_payload: Signal
    rx_valid: Signal
    rx_ready: Signal
    tx_payload: Signal
    tx_valid: Signal
    tx_ready: Signal

    def __init__(self, params: ShellParams) -> None:
        self.params = params
        super().__init__(
            {
                "core_clk": In(1),
                "rx_payload": In(8),
                "rx_valid": In(1),
                "rx_ready": Out(1),
                "tx_payload": Out(8),
                "tx_valid": Out(1),
                "tx_ready": In(1),
            }
        )

    def elaborate(self, platform: Any) -> Module:
        """Build the circuit."""
        m = Module()
        m.submodules.packets = shell = Shell(self.params)
        m.d.comb += [
            shell.core_clk.eq(self.core_clk),
            shell.rx.payload.eq(self.rx_payload),
            shell.rx.valid.eq(self.rx_valid),
            self.rx_ready.eq(shell.rx.ready),
            self.tx_payload.eq(shell.tx.payload),
            self.tx_valid.eq(shell.tx.valid),
            shell.tx.ready.eq(self.tx_ready),
        ]
        m.submodules.core = Instance(
            "core",
            i_clk=self.core_clk,
            i_rst=shell.core_reset,
            i_in0_payload=shell.source.payload,
            i_in0_valid=shell.source.valid,
            o_in0_ready=shell.source.ready,
            o_out0_payload=shell.sink.payload,
            o_out0_valid=shell.sink.valid,
            i_out0_ready=shell.sink.ready,
        )
        return m


def write_shell(design: Design, folder: Path) -> Path:
    """Write ``shell.v`` beside the core's Verilog; the same design gives the same bytes.

    Raises
    ------
    UnsupportedError
        See ``shell_params``.
    ToolError
        If pyosys is missing or fails.
    """
    path = folder / f"{TOP}.v"
    head = "// shell: packets in and out, around the core; see the driver's protocol.py\n"
    component = CoreShell(shell_params(design))
    text = component_verilog(component, TOP, design.board.family)
    path.write_text(head + text, encoding="utf-8", newline="\n")
    return path


def component_verilog(component: wiring.Component, top: str, family: str | None = None) -> str:
    """Return a component as Verilog, its modules named after their place under ``top``.

    Memories whose style is open get the one that is best in a family, where it is given.
    """
    platform = None if family is None else Target(family)
    text = rtlil.convert(component, top, platform, emit_src=False)
    internal = "-remove generator -remove top -remove src -remove amaranth.hierarchy"
    with tempfile.TemporaryDirectory(prefix="sangi-rtl-") as name:
        source, target = Path(name) / "top.il", Path(name) / "top.v"
        source.write_text(text, encoding="utf-8")
        run_yosys(
            [
                f"read_rtlil {source}",
                "proc",
                "opt_expr",
                "opt_clean",
                f"attrmap {internal} -remove amaranth.decoding",
                f"attrmap -modattr {internal}",
                f"write_verilog {target}",
            ]
        )
        verilog = readable(target.read_text(encoding="utf-8"), top)
    # The top leads, the others follow as they come.
    modules = sorted(split_modules(verilog), key=lambda module: module[0] != top)
    return "\n".join(text for _, text in modules)
