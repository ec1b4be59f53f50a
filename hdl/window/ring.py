"""What every engine with a kernel shares: the writing of a ring of pixels and the firings on it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from ...runtime.numerics import bits_for, clog2
from ..pipeline import counter
from ..schedule import Counts
from .params import WindowParams
from .schedule import ahead, consumed, released, trailing


@dataclass(frozen=True, eq=False)
class Written:
    """The write port of the ring: ``word`` goes to ``address`` where ``enable`` is high."""

    word: Signal
    address: Signal
    enable: Signal


@dataclass(frozen=True, eq=False)
class Position:
    """The firing that starts next, from registers.

    Attributes
    ----------
    group_last : Value
        Whether it is the last one of its window.
    row, column : Value
        Of its window.
    advance, next_row : Value
        High in the cycle of a firing that is the last of its window, and of its row of windows.
    next_frame : Value
        Likewise for the frame.
    base : Signal
        Place in the ring of the first word of its window.
    release : Value
        Words that nobody reads again after its window.
    """

    group_last: Value
    row: Value
    column: Value
    advance: Value
    next_row: Value
    next_frame: Value
    base: Signal
    release: Value


def write_words(m: Module, params: WindowParams, port: Value, given_back: Value) -> Written:
    """Pack the beats of ``port`` to words and write them wherever there is a free place.

    Parameters
    ----------
    m : Module
    params : WindowParams
    port : stream of ``params.beat``
    given_back : Value
        Places that become free in this cycle, from registers.
    """
    capacity = params.capacity
    most = capacity + ahead(params)
    vacancy = Signal(signed(bits_for(-1, most)), init=capacity - 1)
    _, beat_last = counter(m, accept := Signal(), params.lanes // params.beat.lanes, "beat")
    complete = Signal()
    written = Written(
        word=Signal(params.lanes * params.beat.bits, name="write_word", reset_less=True),
        address=Signal(clog2(capacity), name="write_address"),
        enable=Signal(name="written"),
    )
    ready, ends = ~beat_last | ~vacancy[-1], accept & beat_last
    if trailing(params):
        follows = _trail(m, params, ends, ~vacancy[-1])
        ready, ends = ready & ~follows, ends | (follows & ~vacancy[-1])
    m.d.comb += [
        port.ready.eq(ready),
        accept.eq(port.valid & port.ready),
        complete.eq(ends),
    ]
    m.d.sync += [
        written.enable.eq(complete),
        written.address.eq(written.address + written.enable),
        # Free places less one: the sign says whether a word may be written.
        vacancy.eq(vacancy + given_back - complete),
    ]
    with m.If(accept):
        m.d.sync += written.word.eq(Cat(written.word, port.payload)[params.beat.width :])
    return written


def _trail(m: Module, params: WindowParams, complete: Value, free: Value) -> Value:
    """Return whether words without input follow a frame now, each written where ``free``."""
    _, frame_last = counter(m, complete, params.beats * params.beat.lanes // params.lanes, "input")
    follows = Signal(name="follows")
    _, ends = counter(m, follows & free, trailing(params), "trailing")
    with m.If(follows):
        m.d.sync += follows.eq(~(free & ends))
    with m.Else():
        m.d.sync += follows.eq(complete & frame_last)
    return follows


def fire_windows(
    m: Module, params: WindowParams, fire: Signal, ready: Value, written: Written
) -> Position:
    """Drive ``fire``, high where a firing starts: window by window, all groups of one in a row.

    Parameters
    ----------
    m : Module
    params : WindowParams
    fire : Signal
        Driven here.
    ready : Value
        From registers: whether the engine can take another firing.
    written : Written
    """
    waits, unused = consumed(params)
    releases = released(params)
    margin = params.capacity + int(waits.max() + releases.max())
    # Words written and not yet waited for, less those that the next firing waits for: the sign
    # says whether it may start.
    supply = Signal(signed(bits_for(-margin, margin)), init=unused - int(waits[0]))
    m.d.comb += fire.eq(ready & ~supply[-1])
    _, block_ends = counter(m, fire, params.groups // params.blocks, "group")
    next_block = Signal()
    _, block_last = counter(m, next_block, params.blocks, "block")
    group_last = block_ends & block_last
    advance, next_row, next_frame = Signal(), Signal(), Signal()
    column, column_last = counter(m, advance, params.sets, "column")
    row, row_last = counter(m, next_row, params.out_height, "row")
    m.d.comb += [
        next_block.eq(fire & block_ends),
        advance.eq(next_block & block_last),
        next_row.eq(advance & column_last),
        next_frame.eq(next_row & row_last),
    ]
    place = (row, column)
    shape = (params.out_height, params.sets)
    wait_after = sequence(m, np.roll(waits, -1).reshape(shape), place, advance, "wait_after")
    release = sequence(m, releases.reshape(shape), place, advance, "release")
    m.d.sync += supply.eq(supply + written.enable - Mux(advance, wait_after, 0))
    base = _base(m, params, next_block, advance, next_row, next_frame)
    return Position(group_last, row, column, advance, next_row, next_frame, base, release)


def _base(
    m: Module,
    params: WindowParams,
    next_block: Value,
    advance: Value,
    next_row: Value,
    next_frame: Value,
) -> Signal:
    """Return where the first word of the next firing's block lies in its window."""
    pixel = params.words
    line = params.width * pixel
    frame = params.height * line + trailing(params)
    across, down = params.pixels * params.stride[1] * pixel, params.stride[0] * line
    start = params.lag - params.padding[0] * line - params.padding[1] * pixel
    base = Signal(clog2(params.capacity), name="base", init=start % params.capacity)
    within = params.block_words
    back = -within * (params.blocks - 1)
    to_row = down - (params.sets - 1) * across
    to_frame = frame - (params.out_height - 1) * down - (params.sets - 1) * across
    for event, step in (
        (next_block, within),
        (advance, back + across),
        (next_row, back + to_row),
        (next_frame, back + to_frame),
    ):
        with m.If(event):
            m.d.sync += base.eq(base + step % params.capacity)
    return base


def release_words(m: Module, fire: Value, position: Position, end: Value) -> Signal:
    """Return the places that become free, a cycle after ``end`` of the last firing of a window.

    Parameters
    ----------
    m : Module
    fire, end : Value
        High where a firing starts, and where it reads its last word, at least a cycle later.
    position : Position
    """
    releasing = Signal()
    amount = Signal(position.release.shape(), name="release_amount", reset_less=True)
    given_back = Signal(position.release.shape(), name="given_back")
    with m.If(fire):
        m.d.sync += [releasing.eq(position.group_last), amount.eq(position.release)]
    m.d.sync += given_back.eq(Mux(end & releasing, amount, 0))
    return given_back


def sequence(
    m: Module, values: Counts, place: tuple[Value, Value], advance: Value, name: str
) -> Value:
    """Return ``values[row, column]`` from a register that is loaded one ``advance`` ahead.

    Windows differ only near the borders: a row is of one of few kinds, and within a kind all
    columns but a few have the same value.
    """
    if (values == values.flat[0]).all():
        return Const(int(values.flat[0]))
    current = Signal(range(int(values.max()) + 1), name=name, init=int(values.flat[0]))
    following = Signal.like(current, name=f"{name}_next")
    ahead = np.roll(values.ravel(), -1).reshape(values.shape)
    kinds, kind_of_row = np.unique(ahead, axis=0, return_inverse=True)
    kind_of_row = kind_of_row.ravel()
    common = _most_common(kind_of_row.tolist())
    with m.Switch(place[0]):
        for kind, columns in enumerate(kinds):
            if kind != common:
                with m.Case(*np.flatnonzero(kind_of_row == kind).tolist()):
                    _select(m, columns, place[1], following)
        with m.Default():
            _select(m, kinds[common], place[1], following)
    with m.If(advance):
        m.d.sync += current.eq(following)
    return current


def _select(m: Module, values: Counts, index: Value, target: Signal) -> None:
    """Drive ``target`` with ``values[index]``."""
    common = _most_common(values.tolist())
    with m.Switch(index):
        for value in sorted(set(values.tolist()) - {common}):
            with m.Case(*np.flatnonzero(values == value).tolist()):
                m.d.comb += target.eq(value)
        with m.Default():
            m.d.comb += target.eq(common)


def _most_common(values: list[int]) -> int:
    """Return the most frequent value, the first of them where several are."""
    return Counter(values).most_common(1)[0][0]
