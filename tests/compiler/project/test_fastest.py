"""The search for the highest clock, on an imitation of place and route."""

import pytest

from sangi.boards.load import load_board
from sangi.compiler.project import fastest
from sangi.compiler.project.bitstream import Routed
from sangi.compiler.project.fastest import highest_clock, make_fastest
from sangi.runtime.errors import ToolError

BOARD = load_board("ulx3s_85f")
ICEBREAKER = load_board("icebreaker")


@pytest.fixture
def route(monkeypatch):
    """Let place and route reach what a function of the clock aimed at says."""

    def install(reached):
        def write(board, clock, seed, build):
            (build / "project").mkdir(exist_ok=True)
            (build / "project" / "clock").write_text(f"{clock:g}")
            (build / "log").mkdir(exist_ok=True)
            (build / "log" / "clock").write_text(f"{clock:g}")

        def make(board, clock, seed, build):
            fmax = reached(clock)
            return Routed(build / "project" / "top.bit", fmax, fmax >= clock, {})

        monkeypatch.setattr(fastest, "write_project", write)
        monkeypatch.setattr(fastest, "make_bitstream", make)

    return install


@pytest.mark.parametrize(
    ("reached", "tried", "best"),
    [
        (lambda clock: 80.0, [60, 80], 80),  # met at once, and again at what was reached
        (lambda clock: 70.1 if clock < 70 else 72.2, [60, 70, 72], 72),
        (lambda clock: 65.1 if clock >= 65 else 70.1, [60, 70, 65], 65),  # too far
        (lambda clock: 48.1, [60, 48], 48),  # the board's own clock is missed
        (lambda clock: clock + 2, [60, 62, 64, 66], 66),  # patience ends
    ],
)
def test_the_highest_clock_that_was_met_is_kept(route, tmp_path, reached, tried, best):
    aimed = []

    def watch(clock):
        aimed.append(clock)
        return reached(clock)

    route(watch)
    said = []
    clock, routed = make_fastest(BOARD, 60.0, 0, tmp_path, said.append)
    assert aimed == tried and len(said) == len(tried)
    assert clock == best and routed.timing_met and routed.fmax_mhz >= best
    for folder in ("project", "log"):
        assert (tmp_path / folder / "clock").read_text() == f"{best:g}"


def test_where_no_clock_is_met_all_are_named(route, tmp_path):
    route(lambda clock: clock - 10)
    with pytest.raises(ToolError, match=r"no clock was met, aimed at 60, 50, 40, 30 MHz; give"):
        make_fastest(BOARD, 60.0, 0, tmp_path)


@pytest.mark.parametrize(
    ("board", "limit", "clock"),
    [(BOARD, 80.06, 80.0), (ICEBREAKER, 35.77, 35.25), (ICEBREAKER, 15.9, 12.0)],
)
def test_only_clocks_that_can_be_made_count(board, limit, clock):
    assert highest_clock(board, limit) == clock
    assert (highest_clock(board, limit, below=clock) or 0.0) < clock


def test_a_baud_rate_bounds_the_clock_where_the_shell_shares_it():
    hx8k = load_board("hx8k_b_evn")  # its oscillator is too slow for the line
    assert highest_clock(hx8k, 23.9) is None
    assert highest_clock(hx8k, 24.2) == 24.0
    assert highest_clock(BOARD, 20.0) == 20.0
