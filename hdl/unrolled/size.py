"""What the schedule and the cost of an unrolled engine depend on, without the network itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...runtime.numerics import bits_for
from .cells import Cells
from .network import Matrix, Network
from .pipeline import Pipeline
from .share import share

TRIES = 20
"""Attempts to improve a network: a second or two for the largest that the mapping looks at."""

WIDE = 4
"""Operands of the cells that look-up tables of six inputs are used for."""


@dataclass(frozen=True)
class NetworkSize:
    """Counts of a pipelined adder network.

    Attributes
    ----------
    inputs : int
        Inputs that some output depends on.
    adders : int
        Two-input adders.
    adder_bits : int
        Sum of the widths of their results.
    registers, register_bits : int
        Values held over one clock edge, and the sum of their widths.
    shifted : int
        Operands and outputs that are shifted by some bits.
    negated, negated_bits : int
        Outputs that are negated at the end, and the sum of their widths.
    sum_bits : int
        Width, two's complement, of the widest output.
    depth : int
        Cycles from inputs to outputs.
    cells, wide : int
        Adders where those of a single bit add up to four operands (``Cells``), and those among them
        that add more than two.
    cell_registers, cell_depth : int
        As ``registers`` and ``depth``, of such cells.
    """

    inputs: int
    adders: int
    adder_bits: int
    registers: int
    register_bits: int
    shifted: int
    negated: int
    negated_bits: int
    sum_bits: int
    depth: int
    cells: int
    wide: int
    cell_registers: int
    cell_depth: int


def network_of(weights: Matrix, bits: int, signed: bool) -> Network:
    """Return the network that computes a layer; the same weights give the same one.

    Parameters
    ----------
    weights : int64 (filters, kernel height, kernel width, channels)
        Row f of the matrix is filter f, its columns go (ky, kx, channel).
    bits, signed : int, bool
        Width of an input, and whether it is two's complement.
    """
    return share(weights.reshape(len(weights), -1), bits, signed=signed, tries=TRIES)


def pipeline_of(network: Network, bits: int, signed: bool, levels: int) -> Pipeline:
    """Return the network in stages, for inputs of any code of ``bits`` bits."""
    return Pipeline(network, *code_range(bits, signed), levels)


def size_of(plan: Pipeline) -> NetworkSize:
    """Count what a pipelined network consists of."""
    network = plan.network
    low, high = network.ranges(plan.low, plan.high)
    taps = [tap for tap in network.taps if tap.value is not None]
    cells = Cells(plan, WIDE)
    own = np.where(plan.registered, 1, 0)
    own[: network.inputs] = 0
    negated = [
        bits_for(min(-1, int(low[tap.value])), int(high[tap.value]))
        for tap in taps
        if tap.negative and tap.value is not None
    ]
    return NetworkSize(
        inputs=int(network.matrix.any(axis=0).sum()),
        adders=len(network.adders),
        adder_bits=plan.adder_bits,
        registers=int((plan.last_use - plan.stages + own).sum()),
        register_bits=plan.register_bits,
        shifted=sum((adder.a_shift > 0) + (adder.b_shift > 0) for adder in network.adders)
        + sum(tap.shift > 0 for tap in taps),
        negated=len(negated),
        negated_bits=sum(negated),
        sum_bits=sum_bits(network.matrix, plan.low, plan.high),
        depth=plan.depth,
        cells=len(cells.operands),
        wide=cells.wide,
        cell_registers=cells.registers,
        cell_depth=cells.depth,
    )


def sum_bits(matrix: Matrix, low: int, high: int) -> int:
    """Return the width, two's complement, of any row times inputs within ``low … high``."""
    positive = np.maximum(matrix, 0).sum(axis=1)
    negative = np.minimum(matrix, 0).sum(axis=1)
    least = int((positive * low + negative * high).min())
    return bits_for(min(-1, least), max(0, int((positive * high + negative * low).max())))


def code_range(bits: int, signed: bool) -> tuple[int, int]:
    """Return the smallest and the largest code."""
    low = -(1 << (bits - 1)) if signed else 0
    return low, low + (1 << bits) - 1
