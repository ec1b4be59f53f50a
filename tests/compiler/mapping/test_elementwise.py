"""Widths of the tables of beat-by-beat units."""

import numpy as np
import pytest

from sangi.compiler.mapping.elementwise import add_options
from sangi.hdl.add.circuit import Add as AddCircuit
from sangi.hdl.fifo.params import FifoParams
from sangi.runtime.ops.add import Add
from sangi.runtime.ops.base import TensorType


@pytest.mark.parametrize("multipliers", [(931, -931), (-3, 512), (7, 8), (-1, -512), (0, -1)])
def test_an_adder_s_tables_hold_factors_of_either_sign(multipliers: tuple[int, int]) -> None:
    source = TensorType((2, 2, 1), -128, 127)
    table = np.array([[m] for m in multipliers])
    op = Add(table, np.array([0]), 4, -128, 127)
    for params in add_options(op, (source, source), op.infer(source, source), 1):
        # The circuit checks that its tables fit.
        AddCircuit(params, table, op.offset, [FifoParams(8, 4)])
        for bits, m in zip(params.multiplier_bits, multipliers, strict=True):
            half = 1 << bits - params.multiplier_signed
            assert -half * params.multiplier_signed <= m < half
