"""Projects of Zynq boards: processor, DMA engine and the AXI shell in a block design."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ....boards.board import Board
from ....runtime.errors import BoardError
from ..memories import vendor_rtl
from ..serial_top import sources
from ..settings import setting
from ..templates import render, write_texts
from .component import LIBRARY, REGISTERS_RANGE, VENDOR, VERSION, component_xml
from .ports import read_ports

IP = "axi_shell"
DESIGN = "system"


@dataclass(frozen=True)
class Processor:
    """How a family's processor is called and joined in a block design.

    Attributes
    ----------
    vlnv : str
        The IP without its version: Vivado takes the newest.
    rule : str
        Its board automation.
    options : str
        What the automation is told beside the board's preset.
    properties : tuple of pairs of str
        Ports, clock and interrupt.
    master, memory : str
        AXI ports: to the registers, and into the memory.
    clock, reset, interrupts : str
        Pins.
    bus_clocks : tuple of str
        The AXI ports' own clock pins.
    bus_mhz : int
        Clock of the buses: what the processor makes of its PLL to the megahertz, and what the DMA
        engine reaches in the slowest speed grade.
    dma_address, shell_address : str
        Of the registers.
    """

    vlnv: str
    rule: str
    options: str
    properties: tuple[tuple[str, str], ...]
    master: str
    memory: str
    clock: str
    reset: str
    interrupts: str
    bus_clocks: tuple[str, ...]
    bus_mhz: int
    dma_address: str
    shell_address: str


PROCESSORS = {
    "zynq7": Processor(
        vlnv="xilinx.com:ip:processing_system7",
        rule="xilinx.com:bd_rule:processing_system7",
        options='make_external "FIXED_IO, DDR" Master "Disable" Slave "Disable"',
        properties=(
            ("PCW_USE_M_AXI_GP0", "1"),
            ("PCW_USE_S_AXI_HP0", "1"),
            ("PCW_S_AXI_HP0_DATA_WIDTH", "64"),
            ("PCW_EN_CLK0_PORT", "1"),
            ("PCW_FPGA0_PERIPHERAL_FREQMHZ", "100"),
            ("PCW_USE_FABRIC_INTERRUPT", "1"),
            ("PCW_IRQ_F2P_INTR", "1"),
        ),
        master="M_AXI_GP0",
        memory="S_AXI_HP0",
        clock="FCLK_CLK0",
        reset="FCLK_RESET0_N",
        interrupts="IRQ_F2P",
        bus_clocks=("M_AXI_GP0_ACLK", "S_AXI_HP0_ACLK"),
        bus_mhz=100,
        dma_address="0x40400000",
        shell_address="0x43C00000",
    ),
    "zynqmp": Processor(
        vlnv="xilinx.com:ip:zynq_ultra_ps_e",
        rule="xilinx.com:bd_rule:zynq_ultra_ps_e",
        options="",
        properties=(
            ("PSU__USE__M_AXI_GP0", "1"),
            ("PSU__USE__M_AXI_GP1", "0"),
            ("PSU__USE__M_AXI_GP2", "0"),
            ("PSU__USE__S_AXI_GP2", "1"),
            ("PSU__SAXIGP2__DATA_WIDTH", "128"),
            ("PSU__FPGA_PL0_ENABLE", "1"),
            ("PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ", "200"),
            ("PSU__USE__IRQ0", "1"),
        ),
        master="M_AXI_HPM0_FPD",
        memory="S_AXI_HP0_FPD",
        clock="pl_clk0",
        reset="pl_resetn0",
        interrupts="pl_ps_irq0",
        bus_clocks=("maxihpm0_fpd_aclk", "saxihp0_fpd_aclk"),
        bus_mhz=200,
        dma_address="0xA0000000",
        shell_address="0xA0010000",
    ),
}
"""By ``device.ps`` of a board's file."""


def write_zynq_project(board: Board, clock_mhz: float, build: Path) -> Path:
    """Write ``project/`` of a build, with the shell as an IP in ``project/ip/``.

    Parameters
    ----------
    board : Board
        With ``device.part`` and ``device.ps``; ``device.board_part`` is used where Vivado knows it.
    clock_mhz : float
        Clock of the core; the buses have their own.
    build : Path
        Its ``rtl/`` is there already, ``axi_shell.v`` included.

    Raises
    ------
    BoardError
        If the board's file lacks something.
    """
    kind = setting(board, "device", "ps", str)
    if kind not in PROCESSORS:
        raise BoardError(
            f"board {board.name}: device.ps must be one of {', '.join(PROCESSORS)}, not {kind!r}"
        )
    processor = PROCESSORS[kind]
    device = board.settings["device"]
    rtl = build / "rtl"
    ports = read_ports((rtl / f"{IP}.v").read_text(encoding="utf-8"), IP)
    # The top comes last, as in Vivado's own IP.
    names = [name for name in sources(build) if name != f"{IP}.v"] + [f"{IP}.v"]
    verilog, memories = vendor_rtl(rtl, names)
    description = component_xml(IP, ports, [*memories, *names])
    values = {
        "board": board,
        "part": setting(board, "device", "part", str),
        "board_part": device.get("board_part"),
        "ps": processor,
        "clock": f"{clock_mhz:g}",
        # The core runs on the bus clock where they are equal.
        "own_clock": clock_mhz != processor.bus_mhz,
        "design": DESIGN,
        "vlnv": f"{VENDOR}:{LIBRARY}:{IP}:{VERSION}",
        "in_bits": ports["s_axis_tdata"].width,
        "out_bits": ports["m_axis_tdata"].width,
        "shell_range": f"{REGISTERS_RANGE // 1024}K",
    }
    folder = build / "project"
    write_texts(folder / "ip", {**verilog, **memories, "component.xml": description})
    write_texts(
        folder,
        {
            "build.tcl": render(__package__, "zynq.tcl.jinja", **values),
            "clocks.xdc": render(__package__, "zynq.xdc.jinja", **values),
            "README.md": render(__package__, "zynq.md.jinja", **values),
        },
    )
    return folder
