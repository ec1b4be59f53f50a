"""No combinational path goes through a component: a walk through the gates that Yosys sees.

A chain of units would otherwise be one path as long as the chain. Allowed is only what
``hdl/stream.py`` says: the ``ready`` of an input may follow from the ``valid`` of the inputs.
"""

import numpy as np
import pytest
from amaranth.back import rtlil
from harness import fifo

from sangi.compiler.circuit.yosys import run_yosys
from sangi.hdl.add.circuit import Add
from sangi.hdl.add.params import AddParams
from sangi.hdl.beat import Beat
from sangi.hdl.concat.circuit import Concat
from sangi.hdl.concat.params import ConcatParams
from sangi.hdl.folded.circuit import Folded
from sangi.hdl.folded.params import FoldedParams
from sangi.hdl.fork.circuit import Fork
from sangi.hdl.fork.params import ForkParams
from sangi.hdl.globalpool.circuit import GlobalPool
from sangi.hdl.globalpool.params import GlobalPoolParams
from sangi.hdl.grouped.circuit import Grouped
from sangi.hdl.grouped.params import GroupedParams
from sangi.hdl.lookup.circuit import Lookup
from sangi.hdl.lookup.params import LookupParams
from sangi.hdl.pool.circuit import Pool
from sangi.hdl.pool.params import PoolParams
from sangi.hdl.requantize.circuit import Requantize
from sangi.hdl.requantize.params import RequantizeParams
from sangi.hdl.skipping.circuit import Skipping
from sangi.hdl.skipping.params import SkippingParams
from sangi.hdl.skipping.weights import entries_of, stored_bits
from sangi.hdl.threshold.circuit import Threshold
from sangi.hdl.threshold.params import ThresholdParams
from sangi.hdl.width.circuit import Width
from sangi.hdl.width.params import WidthParams
from sangi.hdl.window.params import WindowParams

BEAT = Beat(2, 8, True)
WINDOW = WindowParams(
    4, 4, 4, (2, 2), (1, 1), (1, 1, 0, 0), (1, 1), 0, BEAT, lanes=2, groups=2, blocks=2
)
FOLDED = FoldedParams(
    WindowParams(4, 4, 4, (2, 2), (1, 1), (1, 1, 0, 0), (1, 1), 0, BEAT, lanes=2, groups=2),
    out_channels=4,
    pe=2,
    out=BEAT,
    weight_bits=6,
    multiplier="lut",
    weight_style="distributed",
)
KERNELS = np.arange(-32, 32).reshape(4, 2, 2, 4)
GROUPED = GroupedParams(
    WINDOW,
    channel_groups=2,
    out_channels=4,
    pe=2,
    out=BEAT,
    weight_bits=6,
    multiplier="lut",
    weight_style="distributed",
)
SKIPPING = SkippingParams(
    FOLDED.window,
    out_channels=4,
    pe=2,
    out=BEAT,
    steps=(8, 8),
    index_bits=stored_bits(entries_of(FOLDED.window, 2, (8, 8), KERNELS), 13),
    weight_bits=6,
    multiplier="lut",
    weight_style="distributed",
)
REQUANTIZE = RequantizeParams(
    4, 8, BEAT, BEAT, 8, 5, False, 8, 16, 5, True, -128, 127, multiplier="lut"
)
ADD = AddParams(4, 8, (BEAT, BEAT), BEAT, 8, (5, 5), False, 8, 16, 5, True, -128, 127)
FACTORS = np.arange(1, 9)

COMPONENTS = {
    "requantize": lambda: Requantize(REQUANTIZE, FACTORS, FACTORS, [fifo(BEAT, 4)]),
    "threshold": lambda: Threshold(
        ThresholdParams(4, 8, BEAT, BEAT, 1, 3, 8, True),
        np.array([[1, 2, 3]]),
        np.array([[0, 1, 2, 3]]),
        [fifo(BEAT, 4)],
    ),
    "lookup": lambda: Lookup(
        LookupParams(4, 8, BEAT, BEAT, 1, -128, 256), np.arange(-128, 128)[None], [fifo(BEAT, 4)]
    ),
    "add": lambda: Add(ADD, np.stack([FACTORS, FACTORS]), FACTORS, [fifo(BEAT, 4)]),
    "concat": lambda: Concat(ConcatParams(4, (4, 2), (BEAT, BEAT), BEAT), [fifo(BEAT, 4)]),
    "fork": lambda: Fork(ForkParams(BEAT, 8, 2), [fifo(BEAT, 4), fifo(BEAT, 4)]),
    "narrow": lambda: Width(
        WidthParams(16, BEAT, Beat(1, 8, True)), [fifo(Beat(1, 8, True), 4, 2)]
    ),
    "widen": lambda: Width(WidthParams(16, BEAT, Beat(4, 8, True)), [fifo(Beat(4, 8, True), 4)]),
    "pool": lambda: Pool(PoolParams(WINDOW, "max", BEAT), [fifo(BEAT, 4)]),
    "folded": lambda: Folded(FOLDED, KERNELS, [fifo(BEAT, 4)]),
    "grouped": lambda: Grouped(GROUPED, KERNELS[..., :2], [fifo(BEAT, 4)]),
    "skipping": lambda: Skipping(SKIPPING, KERNELS, [fifo(BEAT, 4)]),
    "globalpool": lambda: GlobalPool(GlobalPoolParams(4, 8, "max", BEAT, BEAT), [fifo(BEAT, 4)]),
}

# Cells whose outputs do not follow their inputs within the cycle: registers, and memories (those of
# the streams are synchronous).
STOPS = "-$dff,$dffe,$sdff,$sdffe,$sdffce,$adff,$aldff,$mem_v2,$mem"


def reached(component, sources, targets, tmp_path):
    """Return the ports among ``targets`` that follow combinationally from ``sources``."""
    file = tmp_path / "unit.il"
    file.write_text(rtlil.convert(component, name="top", emit_src=False))
    listing = tmp_path / "reached.txt"
    union = ["%u"] * (len(sources) - 1), ["%u"] * (len(targets) - 1)
    cone = " ".join([*sources, *union[0], f"%coe*:{STOPS}", *targets, *union[1], "%i"])
    run_yosys(
        [
            f"read_rtlil {file}",
            "hierarchy -top top",
            "proc",
            "flatten",
            "memory_collect",
            "opt_clean",
            f"select -write {listing} {cone}",
        ]
    )
    return {line.rsplit("/", 1)[-1] for line in listing.read_text().split()}


@pytest.mark.parametrize("name", COMPONENTS)
def test_streams_do_not_follow_each_other(name, tmp_path):
    """Neither the ready of an output nor a beat at an input reaches another stream in its cycle."""
    outputs = ["w:o*__valid", "w:o*__payload"]
    ready = reached(COMPONENTS[name](), ["w:o*__ready"], ["w:i*__ready", *outputs], tmp_path)
    assert ready == set()
    beats = reached(COMPONENTS[name](), ["w:i*__valid", "w:i*__payload"], outputs, tmp_path)
    assert beats == set()
    payload = reached(COMPONENTS[name](), ["w:i*__payload"], ["w:i*__ready"], tmp_path)
    assert payload == set()


@pytest.mark.parametrize(
    "name", sorted(set(COMPONENTS) - {"pool", "folded", "grouped", "skipping"})
)
def test_the_walk_finds_what_is_there(name, tmp_path):
    """A unit without a window takes a beat in the cycle in which it is offered."""
    component = COMPONENTS[name]()
    inputs = {"i0__ready", "i1__ready"} if name in ("add", "concat") else {"i__ready"}
    assert reached(component, ["w:i*__valid"], ["w:i*__ready"], tmp_path) == inputs
