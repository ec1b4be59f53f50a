"""What lowering makes of grids, signs and clamps per channel, in Verilator."""

from fractions import Fraction
from pathlib import Path

import pytest

from sangi.boards.load import load_board
from sangi.compiler.circuit.frames import random_frames
from sangi.compiler.circuit.probes import probes_of
from sangi.compiler.circuit.verilog import write_rtl
from sangi.compiler.ir.ops.add import Add
from sangi.compiler.ir.ops.affine import Affine
from sangi.compiler.ir.ops.averagepool import AveragePool
from sangi.compiler.ir.ops.batchnorm import BatchNorm
from sangi.compiler.ir.ops.maxpool import MaxPool
from sangi.compiler.ir.ops.quantize import Quantize
from sangi.compiler.ir.ops.relu import Relu
from sangi.compiler.ir.ops.reshape import Reshape
from sangi.compiler.mapping.mapper import map_program
from sangi.runtime.numerics import Rounding
from sangi.runtime.program import Program
from sangi.sim.probe import pack
from sangi.sim.verilator.compare import compare
from sangi.sim.verilator.model import Model, build_model, run_model

from .nets import Net

ONE = Fraction(1)
PADDED = (1, 1, 1, 1)
SIGN = Quantize((ONE * 3,), (ONE / 2,), 0, 1, Rounding.HALF_UP, zero_first=True)
PER_CHANNEL = Quantize((ONE * 2, ONE * 3, ONE, ONE * 4), (3, 0, -4, 9), -128, 127)
MIXED = BatchNorm((ONE / 3, -ONE / 5, ONE / 7, -ONE / 9), (ONE, ONE * 50, -ONE * 9, ONE * 7))


def network() -> Program:
    net = Net(1, (6, 5, 2))
    net.bytes()
    net.conv("c1", 4, padding=PADDED)
    net.add("relu", Relu())
    net.add("bn", MIXED)
    net.quantize("q1", -100, 200)
    net.add("minus", Affine((-ONE,), (ONE * 3,)))
    net.add("m", MaxPool((3, 3), (1, 1), PADDED))
    skip = net.add("q2", PER_CHANNEL)
    net.conv("c2", 4, low=-1, padding=PADDED)
    net.add("bn2", MIXED)
    net.add("sign", SIGN)
    net.conv("c3", 4, low=-1, padding=PADDED)
    net.add("q3", PER_CHANNEL)
    net.add("less", Affine((-ONE,), (ONE * 0,)))
    net.add("a", Add(), skip, "less")
    net.add("q4", Quantize((ONE * 5,), (-20,), 0, 255))
    net.conv("c4", 3, padding=PADDED)
    net.add("relu4", Relu())
    net.add("q5", Quantize((ONE * 500,), (0,), 0, 15, Rounding.CEIL))
    net.add("p", AveragePool((2, 2), (1, 1), PADDED, count_include_pad=True))
    net.quantize("q6", 0, 8000)
    net.add("inside", AveragePool((2, 2), (1, 1), (1, 1, 0, 0)))
    net.quantize("q7", 0, 7000)
    net.add("f", Reshape((7 * 6 * 3,)))
    net.dense("d", 3)
    return net.check()


@pytest.mark.slow
@pytest.mark.ci
def test_every_stream_is_the_program_s_tensor(tmp_path: Path) -> None:
    program = network()
    grids = [node.name for node in program.nodes if node.name.endswith(("_grid", "_mirror"))]
    assert grids == ["m_mirror", "c2_grid", "c3_grid", "c4_grid"]
    design = map_program(program, load_board("zcu104"))
    source, target = (
        next(s.name for s in design.streams if getattr(s, end) is None)
        for end in ("source", "target")
    )
    model = Model(probes_of(design), (source,), (target,))
    executable = build_model(model, write_rtl(design, tmp_path / "rtl"), tmp_path / "sim")
    (x,) = random_frames(program, 4, 0)
    tensors = program.run(x)
    beats = pack(x, model.probe(source).beat)
    recording = run_model(executable, model, [beats], len(x), bound=20_000, stall=0.0, seed=0)
    assert not recording.stuck
    streams = ((p, recording.beats[p.stream], tensors[p.tensor]) for p in model.probes)
    assert [str(difference) for difference in compare(streams)] == []
