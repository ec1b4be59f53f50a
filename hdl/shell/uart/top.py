"""The top level of a board with a serial line: pins, clock, reset, shell."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from amaranth.hdl import ClockDomain, ClockSignal, Instance, Module, ResetSignal, Signal
from amaranth.lib import wiring
from amaranth.lib.cdc import ResetSynchronizer
from amaranth.lib.wiring import In, Out

from ...clock.choose import clock_circuit, plan_clock
from ...clock.limits import Plan
from .serial import SerialReceiver, SerialTransmitter

_WAIT_BITS = 10  # power-on: 1024 cycles after the PLL has locked


@dataclass(frozen=True)
class TopParams:
    """Clock and line of a board.

    Attributes
    ----------
    pll : Plan
        Makes the clock of shell and core.
    divisor : int
        Clock cycles of one bit on the line.
    held_high : int
        Pins that must be driven high.
    """

    pll: Plan
    divisor: int
    held_high: int = 0

    @property
    def baud(self) -> float:
        """Bits per second that the circuit really makes."""
        return float(self.pll.output_mhz) * 1e6 / self.divisor


def plan_top(
    family: str,
    oscillator_mhz: float,
    clock_mhz: float,
    baud: int,
    held_high: int = 0,
    *,
    variant: str = "",
) -> TopParams:
    """Choose the dividers of a top level.

    Parameters
    ----------
    family, variant : str
        Which PLL; see ``plan_clock``.
    oscillator_mhz, clock_mhz : float
    baud : int
        Bits per second of the line.
    held_high : int
        Pins that must be driven high.

    Raises
    ------
    ValueError
        If the PLL cannot make the clock, or the clock cannot make the baud rate within 2 %.
    """
    clock = _exact(clock_mhz)
    divisor = max(1, round(clock * 1_000_000 / baud))
    if divisor < 8 or abs(float(clock) * 1e6 / divisor / baud - 1) > 0.02:
        raise ValueError(
            f"baud must be the clock ({clock_mhz:g} MHz) divided by a whole number of at least 8, "
            f"within 2 %, not {baud}"
        )
    pll = plan_clock(family, _exact(oscillator_mhz), clock, variant=variant)
    return TopParams(pll, divisor, held_high)


def _exact(mhz: float) -> Fraction:
    return Fraction(mhz).limit_denominator(1_000_000)


class Top(wiring.Component):
    """Joins the module ``shell`` (which holds the core) to the board.

    Shell and core share the clock domain ``sync``, made by the PLL. Its reset is asserted
    asynchronously while the PLL is not locked and for 1024 cycles after that, and released
    synchronously.

    Parameters
    ----------
    params : TopParams

    Attributes
    ----------
    oscillator : in
    serial_in, serial_out : in, out
        The line, idle high.
    held_high : out
        ``params.held_high`` bits, all 1; there only if there are any.
    """

    oscillator: Signal
    serial_in: Signal
    serial_out: Signal

    def __init__(self, params: TopParams) -> None:
        self.params = params
        ports = {"oscillator": In(1), "serial_in": In(1, init=1), "serial_out": Out(1, init=1)}
        if params.held_high:
            ports["held_high"] = Out(params.held_high, init=-1)
        super().__init__(ports)

    def elaborate(self, platform: Any) -> Module:
        """Build the circuit."""
        m = Module()
        m.domains.wait = ClockDomain(local=True)
        m.domains.sync = ClockDomain(local=True)
        m.submodules.pll = pll = clock_circuit(self.params.pll)
        waited = Signal(_WAIT_BITS + 1)
        m.d.comb += [
            pll.source.eq(self.oscillator),
            ClockSignal("wait").eq(pll.clock),
            ClockSignal("sync").eq(pll.clock),
        ]
        m.submodules.locked_reset = ResetSynchronizer(~pll.locked, domain="wait")
        with m.If(~waited[-1]):
            m.d.wait += waited.eq(waited + 1)
        m.submodules.ready_reset = ResetSynchronizer(~waited[-1], domain="sync")

        m.submodules.serial_receiver = receiver = SerialReceiver(self.params.divisor)
        m.submodules.serial_transmitter = transmitter = SerialTransmitter(self.params.divisor)
        m.submodules.shell = Instance(
            "shell",
            i_clk=ClockSignal("sync"),
            i_rst=ResetSignal("sync"),
            i_rx_payload=receiver.bytes.payload,
            i_rx_valid=receiver.bytes.valid,
            o_rx_ready=receiver.bytes.ready,
            o_tx_payload=transmitter.bytes.payload,
            o_tx_valid=transmitter.bytes.valid,
            i_tx_ready=transmitter.bytes.ready,
        )
        m.d.comb += [receiver.line.eq(self.serial_in), self.serial_out.eq(transmitter.line)]
        return m
