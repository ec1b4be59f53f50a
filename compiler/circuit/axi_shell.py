"""The module ``axi_shell``: the AXI shell around the core, and its Verilog."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from amaranth.hdl import Instance, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ...hdl.shell.axi.circuit import AxiShell
from ...hdl.shell.axi.params import AxiParams, AxiPortParams, word_bytes_for
from ...runtime.errors import UnsupportedError
from ...runtime.registers import registers_markdown
from ..mapping.design import Design, Stream
from .ports import input_streams, output_streams
from .shell import component_verilog

TOP = "axi_shell"


def axi_params(design: Design) -> AxiParams:
    """Return the parameters of a design's shell.

    Raises
    ------
    UnsupportedError
        If the network has several inputs or outputs, or frames of 4 GiB or more.
    """
    inputs, outputs = input_streams(design), output_streams(design)
    if len(inputs) != 1 or len(outputs) != 1:
        raise UnsupportedError(
            f"the AXI shell carries one input and one output, not {len(inputs)} and {len(outputs)}"
        )
    try:
        return AxiParams(_port(inputs[0]), _port(outputs[0]), design.program.digest)
    except ValueError as error:
        raise UnsupportedError(f"the AXI shell does not fit this network: {error}") from error


def _port(edge: Stream) -> AxiPortParams:
    elements = edge.beats * edge.beat.lanes
    narrow = AxiPortParams(edge.beat, elements, word_bytes_for(1))
    return AxiPortParams(edge.beat, elements, word_bytes_for(narrow.beat_bytes))


class CoreAxiShell(wiring.Component):
    """The shell and an instance of the module ``core``.

    Parameters
    ----------
    params : AxiParams

    Attributes
    ----------
    aclk, aresetn, core_clk, s_axis_tdata, …, m_axis_tdata, …, s_axi_awaddr, …, interrupt
        The AXI side of ``AxiShell``, under the names that block designs know.
    """

    def __init__(self, params: AxiParams) -> None:
        self.shell = AxiShell(params)
        super().__init__({name: flow(len(port)) for name, flow, port in _ports(self.shell)})

    def elaborate(self, platform: Any) -> Module:
        """Join the core to the shell."""
        m = Module()
        m.submodules.axi = shell = self.shell
        for name, flow, port in _ports(shell):
            outer = getattr(self, name)
            m.d.comb += port.eq(outer) if flow is In else outer.eq(port)
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


def _ports(shell: AxiShell) -> list[tuple[str, Any, Signal]]:
    """Return name, direction and signal of every port but the core's."""
    found: list[tuple[str, Any, Signal]] = [
        ("aclk", In, shell.aclk),
        ("aresetn", In, shell.aresetn),
        ("core_clk", In, shell.core_clk),
        ("interrupt", Out, shell.interrupt),
    ]
    for name in ("s_axis", "m_axis", "s_axi"):
        group = getattr(shell, name)
        for member, port in group.signature.members.items():
            found.append((f"{name}_{member}", port.flow, getattr(group, member)))
    return found


def write_axi_shell(design: Design, folder: Path) -> Path:
    """Write ``axi_shell.v`` beside the core's Verilog; the same design gives the same bytes.

    Raises
    ------
    UnsupportedError
        See ``axi_params``.
    ToolError
        If pyosys is missing or fails.
    """
    path = folder / f"{TOP}.v"
    table = "".join(f"// {line}\n" for line in registers_markdown().splitlines())
    head = f"// axi_shell: frames in, results out, around the core. Registers of s_axi:\n{table}"
    component = CoreAxiShell(axi_params(design))
    text = component_verilog(component, TOP, design.board.family)
    path.write_text(head + text, encoding="utf-8", newline="\n")
    return path
