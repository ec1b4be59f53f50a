"""The window buffer: any geometry through the folded engine, and the sums of its schedule."""

import gc
from dataclasses import replace

import numpy as np
import pytest
from harness import check, fifo, predict
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sangi.hdl.beat import Beat
from sangi.hdl.folded.circuit import Folded
from sangi.hdl.folded.schedule import schedule
from sangi.hdl.window.circuit import Window
from sangi.hdl.window.params import WindowParams
from sangi.hdl.window.schedule import ahead, consumed, released, trailing

from .test_folded import Case, convolve

small = st.integers(1, 3)
border = st.integers(0, 2)


@st.composite
def cases(draw):
    """Layers of any geometry that is legal, with few channels."""
    words, simd = draw(st.sampled_from([(1, 1), (1, 2), (2, 1), (3, 1)]))
    case = Case(
        height=draw(st.integers(1, 6)),
        width=draw(st.integers(1, 6)),
        channels=words * simd,
        in_lanes=draw(st.sampled_from([1, simd])),
        simd=simd,
        filters=2,
        pe=draw(st.sampled_from([1, 2])),
        kernel=(draw(small), draw(small)),
        stride=(draw(small), draw(small)),
        dilation=(draw(st.integers(1, 2)), draw(st.integers(1, 2))),
        padding=(draw(border), draw(border), draw(border), draw(border)),
        pad_value=13,
        depth=draw(st.integers(2, 5)),
        frames=3,
    )
    for size, kernel, dilation, low, high in zip(
        (case.height, case.width),
        case.kernel,
        case.dilation,
        case.padding[:2],
        case.padding[2:],
        strict=True,
    ):
        assume(size + low + high >= dilation * (kernel - 1) + 1)
    return case


@given(cases())
@settings(max_examples=40, deadline=None, derandomize=True)
def test_any_geometry(case):
    """Bits and cycles; frames follow each other, so that every boundary is crossed."""
    check_case(case, seeds=[5])


def check_case(case, seeds):
    """Compare a layer's bits and cycles, with nothing that stalls and with every seed's stalls."""
    rng = np.random.default_rng(3)
    weights, images = case.weights(rng), case.images(rng)
    params = case.params
    check(
        Folded(params, weights, [fifo(params.out, case.depth, params.burst)]),
        schedule(params),
        [case.depth],
        [(images, params.window.beat)],
        [(convolve(images, weights, case), params.out)],
        case.frames,
        seeds=seeds,
    )


@pytest.mark.parametrize(
    ("shape", "stride", "padding"),
    [
        ((18, 14, 3), (1, 8), (7, 1, 3, 5)),
        ((13, 12, 3), (1, 7), (0, 1, 7, 4)),
        ((40, 1, 1), (1, 2), (0, 1, 0, 1)),
    ],
)
def test_words_given_back_long_before_they_are_written(shape, stride, padding):
    """More of them than the ring has places: windows far apart, and some in the padding alone."""
    case = Case(
        height=shape[0],
        width=shape[1],
        channels=shape[2],
        in_lanes=1,
        simd=1,
        filters=1,
        pe=1,
        kernel=(1, 1),
        stride=stride,
        dilation=(1, 1),
        padding=padding,
        pad_value=3,
        depth=3,
        frames=3,
    )
    assert ahead(case.params.window) > case.params.window.capacity
    check_case(case, seeds=[5, 6, 7])


@given(cases(), st.integers(1, 8))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_ring_suffices(case, pixels):
    """No window, and no windows side by side, wait for a word that the ring has no place for."""
    window = case.params.window
    assume(window.out_width % pixels == 0)
    window = replace(window, pixels=pixels)
    waits, unused = consumed(window)
    releases = released(window)
    frame = window.height * window.width * window.words + trailing(window)
    assert len(waits) == len(releases) == window.out_height * window.out_width // pixels
    assert waits.sum() == releases.sum() == frame
    assert releases.min() >= 0
    needed = np.cumsum(np.tile(waits, 3)) - unused
    kept_from = np.cumsum(np.concatenate([[0], np.tile(releases, 3)]))[:-1]
    assert (needed - kept_from <= window.capacity).all()


def window(**changes) -> WindowParams:
    """A 3×3 window with padding over an 8×8 frame."""
    fields = {
        "height": 8,
        "width": 8,
        "channels": 4,
        "kernel": (3, 3),
        "stride": (1, 1),
        "padding": (1, 1, 1, 1),
        "dilation": (1, 1),
        "pad_value": 0,
        "beat": Beat(4, 8, False),
        "lanes": 4,
        "groups": 2,
    }
    return WindowParams(**{**fields, **changes})


def test_pad_values_fit_the_beats():
    with pytest.raises(ValueError, match="pad_value must be 0…255 as the beats, not -1"):
        window(pad_value=-1)
    with pytest.raises(ValueError, match="pad_value must be -8…7 as the beats, not 8"):
        window(pad_value=8, beat=Beat(4, 4, True))
    assert window(pad_value=-8, beat=Beat(4, 4, True)).pad_value == -8
    assert window(pad_value=-1, padding=(0, 0, 0, 0)).pad_value == -1


def test_first_window_waits_for_its_words_only():
    waits, unused = consumed(window())
    assert unused == 0
    assert waits[0] == 8 + 2  # row 0, and two pixels of row 1
    assert waits[1] == 1
    assert waits[7] == 0  # beyond the right border
    assert waits[-8:].tolist() == [0] * 8  # below the bottom border


def test_words_that_follow_a_frame():
    """The last window of a row needs no column behind the border, the others find theirs later."""
    assert trailing(window()) == 0
    assert trailing(window(pixels=2)) == 1
    assert trailing(window(pixels=4)) == 1
    assert trailing(window(pixels=2, padding=(0, 0, 0, 0))) == 0
    assert trailing(window(pixels=2, lanes=2, beat=Beat(1, 8, False))) == 2


def test_places_return_as_the_window_moves():
    releases = released(window())
    assert releases[:8].tolist() == [0] * 8  # row 0 is needed by the next windows
    assert releases[8:16].tolist() == [0, 1, 1, 1, 1, 1, 1, 2]
    assert releases[-1] == 8 + 2  # the rest of the last rows


FULL_RATE = {
    "1x1": Case(kernel=(1, 1), simd=4, in_lanes=4, pe=4, out_lanes=4),
    "1x1, four words": Case(kernel=(1, 1), simd=4, in_lanes=4, channels=16, pe=4, out_lanes=4),
    "dense": Case(
        height=1, width=1, kernel=(1, 1), channels=32, simd=4, in_lanes=4, pe=4, out_lanes=4
    ),
    "3x3 same": Case(padding=(1, 1, 1, 1), simd=4, in_lanes=4, out_lanes=2),
    "3x3 stride 2": Case(
        height=8, width=16, stride=(2, 2), padding=(0, 0, 1, 1), simd=4, in_lanes=4, out_lanes=2
    ),
}


@pytest.mark.parametrize("case", FULL_RATE.values(), ids=FULL_RATE.keys())
def test_full_rate(case):
    """Engines whose work takes as long as their input keep that rate over frame boundaries."""
    params = case.params
    run = predict(schedule(params), [16], 8)
    beats = len(run.popped[0]) // 8
    interval = run.popped[0][7 * beats - 1] - run.popped[0][6 * beats - 1]
    assert interval == params.cycles


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lanes": 3}, r"lanes must divide the channels \(4\), not 3"),
        ({"lanes": 2}, r"lanes of a beat must divide the lanes of a word \(2\), not 4"),
        ({"blocks": 2}, r"blocks must divide the words of a pixel \(1\), not 2"),
        (
            {"lanes": 2, "beat": Beat(2, 8, False), "blocks": 2, "groups": 3},
            r"groups must be a multiple of the blocks \(2\), not 3",
        ),
        ({"kernel": (11, 3)}, "the kernel must fit into the padded frame"),
        ({"pixels": 3}, r"pixels must divide the windows of a row \(8\), not 3"),
        ({"pixels": 0}, r"pixels must divide the windows of a row \(8\), not 0"),
    ],
)
def test_refusals(changes, message):
    with pytest.raises(ValueError, match=message):
        window(**changes)


def test_short_duration_is_refused(monkeypatch):
    monkeypatch.setattr(Window, "_MustUse__silence", True)
    with pytest.raises(ValueError, match="duration must be at least 9, not 8"):
        Window(window(), 8)
    gc.collect()
