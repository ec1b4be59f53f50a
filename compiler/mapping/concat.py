"""Parameters of the concatenation: in turn where lanes allow it, else whole pixels at once."""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd, prod

from ...hdl.concat.params import ConcatParams
from ...runtime.ops.base import TensorType
from ...runtime.ops.concat import Concat
from .divisors import divisors
from .elementwise import beat_of


def concat_params(
    op: Concat, sources: Sequence[TensorType], out: TensorType, given: Sequence[int], interval: int
) -> ConcatParams | None:
    """Return the unit that takes at most ``interval`` cycles a frame; None where there is none.

    Beats go in turn with the fewest lanes that are quick enough and divide the channels of every
    input; those to which each stream takes one width converter at most come first. Where channels
    are joined and have no such divisor, a beat of a whole pixel is made of the inputs' pixels.

    Parameters
    ----------
    op : Concat
    sources, out : TensorType
    given : sequence of int
        Lanes of the inputs' streams.
    interval : int
    """
    turns = prod(out.shape[: op.axis])
    common = divisors(gcd(*(source.channels for source in sources)))
    fast = [lanes for lanes in common if out.elements // lanes <= interval]
    near = (n for n in fast if all(n % have == 0 or have % n == 0 for have in given))
    if fast:
        lanes = next(near, fast[0])
        return ConcatParams(
            turns,
            tuple(source.elements // turns // lanes for source in sources),
            tuple(beat_of(source, lanes) for source in sources),
            beat_of(out, lanes),
        )
    if op.axis < len(out.shape) - 1 or turns > interval:
        return None
    return ConcatParams(
        turns,
        (1,) * len(sources),
        tuple(beat_of(source, source.channels) for source in sources),
        beat_of(out, out.channels),
        together=True,
    )
