"""The frontier of frame rate against resources."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from sangi.boards.load import load_board
from sangi.compiler.explore.document import SCHEMA, as_document
from sangi.compiler.explore.frontier import explore, spread
from sangi.compiler.explore.plot import figure_of, write_plot
from sangi.compiler.frontend import load
from sangi.compiler.mapping.limits import Limit
from sangi.compiler.mapping.mapper import map_program
from sangi.compiler.mapping.wishes import Wishes
from sangi.runtime.errors import BuildError, FitError, UnsupportedError, UsageError

from ..mapping.programs import Builder, Negate

DIGITS = Path(__file__).parents[3] / "examples" / "digits"


def program(**options):
    b = Builder((8, 8, 2))
    x = b.requantize("q1", b.conv("conv1", "x", 8, ternary=True, **options))
    x = b.requantize("q2", b.conv("conv2", x, 8))
    return b.program(b.dense("dense", b.flatten("flat", x), 4, ternary=True))


@pytest.fixture(scope="module")
def found():
    return explore(program(), load_board("ulx3s_85f"), points=6)


def test_faster_costs_more(found):
    points = found.points
    assert len(points) >= 3
    for slower, faster in pairwise(points):
        assert slower.cycles_per_frame > faster.cycles_per_frame
        assert slower.cost < faster.cost
    for point in points:
        assert point.fps == pytest.approx(60e6 / point.cycles_per_frame)
        assert sum(point.engines.values()) == 3
        assert 0 < point.share <= 0.8


def test_no_engine_alone_is_cheaper(found):
    assert "folded" in found.alone
    for points in found.alone.values():
        for alone in points:
            assert any(
                point.cycles_per_frame <= alone.cycles_per_frame and point.cost <= alone.cost
                for point in found.points
            )
    rivals = [found.rival(point) for point in found.points]
    assert any(rivals)
    for point, rival in zip(found.points, rivals, strict=True):
        if rival is not None:
            assert rival[1].cycles_per_frame <= point.cycles_per_frame
            assert rival[1].cost >= point.cost


def test_circuits_of_one_engine_are_on_the_frontier_where_they_are_cheaper():
    """A plan for a long interval may come out faster than the mixture that was found for it."""
    net = load(DIGITS / "digits_tiny.onnx", mapped=True)
    wishes = Wishes(limits={"lut": Limit(3000)})
    frontier = explore(net, load_board("icebreaker"), wishes=wishes, points=2)
    rivals = [frontier.rival(point) for point in frontier.points]
    assert any(rivals)
    for point, rival in zip(frontier.points, rivals, strict=True):
        assert rival is None or rival[1].cost >= point.cost


def test_compile_reaches_what_the_frontier_says(found):
    point = found.points[len(found.points) // 2]
    design = map_program(program(), load_board("ulx3s_85f"), target_fps=point.fps - 1e-6)
    assert design.cycles_per_frame <= point.cycles_per_frame


def test_registers_follow_the_clock():
    """Adders in a row, where a slower clock leaves time for them, have fewer."""
    wishes = Wishes(("unrolled",))
    fast, slow = (
        explore(program(), load_board("ulx3s_85f"), clock_mhz=clock, wishes=wishes, points=2)
        for clock in (100.0, 60.0)
    )
    cycles = [frontier.points[-1].cycles_per_frame for frontier in (fast, slow)]
    registers = [frontier.points[-1].resources.ff for frontier in (fast, slow)]
    assert cycles[0] == cycles[1] and registers[1] < registers[0]


def test_one_engine_has_no_others_beside_it():
    wishes = Wishes(("folded",), limits={"lut": Limit(20, True)})
    frontier = explore(program(), load_board("ulx3s_85f"), wishes=wishes, points=3)
    assert frontier.alone == {}
    assert all(point.engines == {"folded": 3} for point in frontier.points)
    assert all(point.resources.lut <= 0.2 * frontier.board.lut for point in frontier.points)
    assert all(frontier.rival(point) is None for point in frontier.points)


def test_the_document_holds_every_point(found):
    document = as_document(found)
    assert document["schema"] == SCHEMA
    assert document["board"] == "ulx3s_85f"
    assert document["available"]["lut"] == load_board("ulx3s_85f").lut
    assert len(document["points"]) == len(found.points)
    for entry, point in zip(document["points"], found.points, strict=True):
        assert entry["cycles_per_frame"] == point.cycles_per_frame
        assert [layer["node"] for layer in entry["layers"]] == ["conv1", "conv2", "dense"]
        assert entry["resources"]["lut"] >= point.resources.lut
        assert entry["resources"]["bram"] * 2 % 1 == 0
    assert document["alone"].keys() == found.alone.keys()


@pytest.mark.parametrize("name", ["a.png", "a.svg"])
def test_a_picture_has_the_same_bytes_twice(found, tmp_path, name):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        write_plot(found, tmp_path / folder / name)
    content = (tmp_path / "one" / name).read_bytes()
    assert content == (tmp_path / "two" / name).read_bytes()
    assert content.startswith(b"\x89PNG" if name.endswith("png") else b"<?xml")


@pytest.fixture(scope="module")
def limited():
    """Of the LUTs little may be used, and the engine unrolled has no circuit of its own."""
    wishes = Wishes(limits={"lut": Limit(8, True), "ff": Limit(5, True)})
    return explore(program(), load_board("ulx3s_85f"), wishes=wishes, points=6)


def test_a_picture_shows_what_is_judged_and_what_may_be_used(limited):
    main, *resources = figure_of(limited).axes
    lines = {line.get_label(): line for line in main.get_lines()}
    drawn = lines["all engines"].get_ydata()
    assert np.all(np.diff(drawn) > 0)
    assert list(drawn) == [100 * point.cost for point in limited.points]
    assert list(lines["one resource used up"].get_ydata()) == [100, 100]
    assert main.get_ylim()[1] > 100
    for axes, limit in zip(resources, (8, 5, 80, 80), strict=True):
        *curves, line = axes.get_lines()
        assert line.get_ydata() == pytest.approx([limit, limit])
        assert all(max(curve.get_ydata()) <= limit for curve in curves)
        assert axes.get_ylim()[1] > limit


def test_a_legend_lists_what_has_a_curve(limited):
    assert any(not points for points in limited.alone.values())
    main, *_ = figure_of(limited).axes
    shown = [text.get_text() for text in main.get_legend().get_texts()]
    alone = [f"{engine} alone" for engine, points in limited.alone.items() if points]
    assert shown == [*alone, "all engines", "one resource used up"]


def test_other_pictures_are_refused(found, tmp_path):
    with pytest.raises(UsageError, match=r"must end in \.png or \.svg"):
        write_plot(found, tmp_path / "a.pdf")
    with pytest.raises(BuildError, match="cannot be written"):
        write_plot(found, tmp_path / "none" / "a.png")
    assert list(tmp_path.iterdir()) == []


def test_what_does_not_fit_or_is_not_supported_is_said():
    with pytest.raises(FitError, match="does not fit ulx3s_85f at any speed"):
        explore(program(), load_board("ulx3s_85f"), wishes=Wishes(limits={"lut": Limit(1410)}))
    with pytest.raises(FitError, match="does not fit ulx3s_85f: the shell alone"):
        explore(program(), load_board("ulx3s_85f"), wishes=Wishes(limits={"lut": Limit(10)}))
    b = Builder((4, 4, 2))
    net = b.program(b.node("negate", Negate(), "x"))
    with pytest.raises(UnsupportedError, match="negate"):
        explore(net, load_board("ulx3s_85f"))


def test_intervals_are_spread_evenly_and_hold_both_ends():
    chosen = spread(tuple(range(1, 1001)), 10, 3)
    assert chosen == (10, 100, 1000)
    assert spread((5, 7), 5, 50) == (5, 7)
    assert np.all(np.diff(spread((1, 2, 4, 8, 9, 500), 2, 4)) > 0)
