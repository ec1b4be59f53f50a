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


SHELL_MHZ = 60
"""What the packet shell reaches on every family: a faster oscillator is not its clock."""

_FINEST = 8  # denominator of the cycles of a bit
_WHOLE_ENOUGH = Fraction(1, 200)


@dataclass(frozen=True)
class TopParams:
    """Clocks and line of a board.

    Attributes
    ----------
    pll : Plan
        Makes the core's clock.
    apart : bool
        Whether the shell's clock is the oscillator; otherwise it is the core's.
    divisor : Fraction
        Cycles of the shell's clock of one bit on the line.
    held_high : int
        Pins that must be driven high.
    """

    pll: Plan
    apart: bool
    divisor: Fraction
    held_high: int = 0

    @property
    def shell_mhz(self) -> Fraction:
        """Frequency of the shell's clock."""
        return self.pll.input_mhz if self.apart else self.pll.output_mhz

    @property
    def baud(self) -> float:
        """Bits per second that the circuit really makes."""
        return float(self.shell_mhz * 1_000_000 / self.divisor)


def plan_top(
    family: str,
    oscillator_mhz: float,
    clock_mhz: float,
    baud: int,
    held_high: int = 0,
    *,
    variant: str = "",
) -> TopParams:
    """Choose clocks and dividers of a top level.

    The shell's clock is the oscillator, whatever the core's is, if it is at most ``SHELL_MHZ``, at
    least 8 times as fast as the line, and no iCE40's that ends in the PLL's own pad.

    Parameters
    ----------
    family, variant : str
        Which PLL; see ``plan_clock``.
    oscillator_mhz, clock_mhz : float
        ``clock_mhz`` is the core's.
    baud : int
        Bits per second of the line.
    held_high : int
        Pins that must be driven high.

    Raises
    ------
    ValueError
        If the PLL cannot make the clock, or neither clock is 8 times as fast as the line.
    """
    pll = plan_clock(family, _exact(oscillator_mhz), _exact(clock_mhz), variant=variant)
    apart = (
        pll.input_mhz != pll.output_mhz
        and variant != "pad"
        and pll.input_mhz <= SHELL_MHZ
        and pll.input_mhz * 1_000_000 >= 8 * baud
    )
    shell_mhz = pll.input_mhz if apart else _exact(clock_mhz)
    divisor = _divisor(shell_mhz * 1_000_000 / baud)
    if divisor < 8:
        raise ValueError(
            f"baud must be at most an eighth of the serial line's clock "
            f"({float(shell_mhz):g} MHz), not {baud}"
        )
    return TopParams(pll, apart, divisor, held_high)


def _divisor(cycles: Fraction) -> Fraction:
    """Return the cycles of a bit, as a whole number where that is within half a percent."""
    whole = Fraction(round(cycles))
    if abs(whole - cycles) <= cycles * _WHOLE_ENOUGH:
        return whole
    return cycles.limit_denominator(_FINEST)


def _exact(mhz: float) -> Fraction:
    return Fraction(mhz).limit_denominator(1_000_000)


class Top(wiring.Component):
    """Joins the module ``shell`` (which holds the core) to the board.

    The shell's domain is ``sync``; the core's clock, made by the PLL, goes to the shell, where the
    two meet in asynchronous FIFOs. The reset is asserted asynchronously while the PLL is not locked
    and for 1024 cycles of the shell's clock after that, and released synchronously; the shell makes
    the core's of it.

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
        shell_clock = self.oscillator if self.params.apart else pll.clock
        waited = Signal(_WAIT_BITS + 1)
        m.d.comb += [
            pll.source.eq(self.oscillator),
            ClockSignal("wait").eq(shell_clock),
            ClockSignal("sync").eq(shell_clock),
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
            i_core_clk=pll.clock,
            i_rx_payload=receiver.bytes.payload,
            i_rx_valid=receiver.bytes.valid,
            o_rx_ready=receiver.bytes.ready,
            o_tx_payload=transmitter.bytes.payload,
            o_tx_valid=transmitter.bytes.valid,
            i_tx_ready=transmitter.bytes.ready,
        )
        m.d.comb += [receiver.line.eq(self.serial_in), self.serial_out.eq(transmitter.line)]
        return m
