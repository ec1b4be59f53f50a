"""A dense block quantized and slimmed: what is joined stays on one grid, down to the program."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from sangi.compiler.compress.export import quantized_graph, write_compressed
from sangi.compiler.compress.network import Network
from sangi.compiler.compress.prepare import prepare
from sangi.compiler.compress.slim.remove import remove_units
from sangi.compiler.compress.slim.ties import find_ties
from sangi.compiler.compress.stages.iq import Quantization
from sangi.compiler.execute.run import run_graph
from sangi.compiler.frontend import load
from sangi.compiler.mapping.plan import make_plan
from sangi.compiler.quantize.ranges import Range, observed
from sangi.hdl.concat.params import ConcatParams
from sangi.runtime.host import execute
from sangi.runtime.ops.concat import Concat

from ..onnx_models import onnx_runtime
from .graphs import dense_block, frames, plain
from .imitation import Unchanged


class Observing(Unchanged):
    """Ranges as they are on a few frames."""

    def ranges(self, network: Network, nodes: Iterable[str], bits: int) -> Mapping[str, Range]:
        names = list(nodes)
        values = run_graph(plain(network.graph), frames(), names)
        return {name: observed(values[name]) for name in names}


def test_from_the_network_to_its_circuit(tmp_path: Path) -> None:
    stage = Quantization()
    network = prepare(dense_block(), frames())
    (rung,) = (rung for rung in stage.ladder(network) if rung.label == "w4 a4")
    network = stage.apply(network, rung, Observing())
    ties = find_ties(network.graph)
    # A channel of every layer: 3 and 2 channels are joined, then 5 and 4.
    gone = np.zeros(len(ties.fixed), bool)
    gone[[ties.units["g1"][0], ties.units["g2"][3], ties.units["stem"][1]]] = True
    network = remove_units(network, ties, gone)
    path = tmp_path / "small.onnx"
    write_compressed(quantized_graph(network), path, {})
    program = load(path)
    joined = [node for node in program.nodes if isinstance(node.op, Concat)]
    assert [program.types[node.output].channels for node in joined] == [5, 9]
    x = frames(seed=4)
    given = x.transpose(0, 3, 1, 2) if program.inputs[0].layout == "NCHW" else x
    (got,) = execute(program, x).values()
    (want,) = onnx_runtime(path, given)
    near = np.isclose(got, want, rtol=1e-4, atol=1e-4 * np.abs(want).max()).all(axis=1)
    assert near.mean() > 0.9  # float32 takes a tie aside now and then
    plan = make_plan(program, 1 << 20)
    assert sum(isinstance(slot.options[0], ConcatParams) for slot in plan.slots) == 2
