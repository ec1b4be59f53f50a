"""From a program and a board to a design."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sangi.boards.load import load_board
from sangi.compiler.mapping import mapper
from sangi.compiler.mapping.dataflow import dataflow_of
from sangi.compiler.mapping.limits import Limit
from sangi.compiler.mapping.mapper import map_program
from sangi.compiler.mapping.resources import (
    shell_resources,
    total_resources,
    unit_resources,
)
from sangi.compiler.mapping.wishes import Wishes
from sangi.hdl.cost import Resources
from sangi.runtime.errors import FitError, UnsupportedError
from sangi.sim.dataflow.steady import steady

from .programs import Builder, Negate, digits, resnet8


def within(design, part=0.8):
    used, board = total_resources(design), design.board
    return (
        used.lut <= part * board.lut
        and used.ff <= part * board.ff
        and used.bram <= part * board.bram
        and used.dsp <= part * board.dsp
    )


def test_resnet8_on_a_pynq_z2():
    design = map_program(resnet8(), load_board("pynq_z2"))
    assert within(design)
    assert design.clock_mhz == 100.0
    assert design.cycles_per_frame <= 50_000  # 2,000 frames/s
    proved = steady(dataflow_of(design))
    assert proved.cycles_per_frame == design.cycles_per_frame
    assert proved.latency_cycles == design.latency_cycles


@pytest.mark.parametrize("board", ["ulx3s_25f", "ulx3s_85f", "icebreaker", "zcu104", "kv260"])
def test_digits_fit_every_board(board):
    design = map_program(digits(), load_board(board))
    assert within(design)
    assert design.cycles_per_frame <= 30_000


@pytest.mark.parametrize(
    "board", ["tang_nano_9k", "cora_z7", "de10_lite", "de10_nano", "arria10_gx"]
)
def test_digits_reach_a_target_on_the_other_families(board):
    design = map_program(digits(), load_board(board), target_fps=500)
    assert within(design)
    assert design.cycles_per_frame <= design.clock_mhz * 1e6 / 500


def test_a_larger_board_is_no_slower():
    cycles = [
        map_program(digits(), load_board(board)).cycles_per_frame
        for board in ("icebreaker", "ulx3s_85f")
    ]
    assert cycles[1] < cycles[0]


def test_a_target_gives_a_smaller_circuit_that_is_fast_enough():
    board = load_board("ulx3s_85f")
    fastest = map_program(digits(), board)
    slower = map_program(digits(), board, target_fps=2_000)
    assert slower.clock_mhz * 1e6 / slower.cycles_per_frame >= 2_000
    assert total_resources(slower).lut < total_resources(fastest).lut
    assert slower.cycles_per_frame > fastest.cycles_per_frame


def test_target_and_clock():
    design = map_program(digits(), load_board("ulx3s_85f"), clock_mhz=25.0, target_fps=2_000)
    assert design.clock_mhz == 25.0
    assert 25e6 / design.cycles_per_frame >= 2_000


def test_names_are_unique_and_streams_in_order():
    design = map_program(resnet8(), load_board("pynq_z2"))
    assert len({unit.name for unit in design.units}) == len(design.units)
    assert [stream.name for stream in design.streams] == [
        f"s{number:02d}" for number in range(len(design.streams))
    ]
    assert design.units[0].name == "l00_conv_first"
    assert design.stream("s00").depth == 0
    assert all(stream.depth >= 1 for stream in design.streams if stream.source)
    order = {unit.name: number for number, unit in enumerate(design.units)}
    for stream in design.streams:
        if stream.source and stream.target:
            assert order[stream.source] < order[stream.target]


def test_same_program_same_design():
    a, b = (map_program(digits(), load_board("ulx3s_25f")) for _ in range(2))
    assert a.units == b.units
    assert a.streams == b.streams


def test_resources_are_the_sum_of_units_and_shell():
    design = map_program(digits(), load_board("ulx3s_85f"))
    parts = [unit_resources(design, unit) for unit in design.units]
    total = sum(parts, shell_resources(design.board))
    assert total.lut == pytest.approx(total_resources(design).lut)
    assert all(part.lut > 0 for part in parts)
    board = load_board("ulx3s_85f")
    assert shell_resources(replace(board, shell=None)) == Resources()
    uart, axi = (shell_resources(replace(board, shell=shell)) for shell in ("uart", "axi"))
    assert axi.lut > uart.lut > 1000


def test_a_network_that_is_too_large_says_what_it_needs():
    with pytest.raises(FitError) as caught:
        map_program(resnet8(), load_board("icebreaker"))
    message = str(caught.value)
    assert "network 'by_hand' does not fit icebreaker at any speed: it needs about" in message
    assert "block RAM and may use 24 of 30" in message
    assert "The largest users of block RAM: stack2/b (" in message
    # No limit helps where the board itself has too little.
    assert "What helps: a larger board, fewer weights, fewer bits a weight" in message
    assert "--target-fps" not in message


def ternary_digits():
    b = Builder((8, 8, 1))
    x = b.requantize("q1", b.conv("conv1", "x", 8, ternary=True))
    return b.program(b.dense("dense", b.flatten("flat", x), 4, ternary=True))


def refused(program, board="icebreaker", **limits):
    wishes = Wishes(limits={kind: Limit(amount) for kind, amount in limits.items()})
    with pytest.raises(FitError) as caught:
        map_program(program, load_board(board), wishes=wishes)
    return str(caught.value)


def test_a_limit_in_the_way_and_the_shell_are_named():
    message = refused(digits(), "ulx3s_85f", lut=1600)
    assert "may use 1600 of 83640. The largest users of LUT: the shell (1400), conv" in message
    assert "What helps: a higher --max-lut, a larger board, fewer channels, ternary" in message


def test_a_ternary_network_is_not_told_to_become_one():
    message = refused(ternary_digits(), lut=1500)
    assert message.endswith("What helps: a higher --max-lut, a larger board, fewer channels")


def test_a_shell_that_does_not_fit_is_said_before_anything_is_sized(monkeypatch):
    lines = []
    wishes = Wishes(limits={"bram": Limit(1)})
    board = load_board("ulx3s_85f")
    with pytest.raises(FitError) as caught:
        map_program(digits(), board, wishes=wishes, progress=lines.append)
    assert str(caught.value) == (
        "network 'by_hand' does not fit ulx3s_85f: the shell alone, which carries its frames, "
        "needs about 2 block RAM and may use 1 of 208. What helps: a higher --max-bram"
    )
    assert not lines
    small = replace(board, bram=1)
    with pytest.raises(FitError, match=r"may use 1 of 1\. What helps: a larger board$"):
        map_program(digits(), small, wishes=wishes)
    # An attempt that would be the same as the one before is not made.
    monkeypatch.setattr(mapper, "check_shell", lambda *_: None)
    wishes = replace(wishes, engines=("unrolled",))
    with pytest.raises(FitError):
        map_program(ternary_digits(), board, wishes=wishes, progress=lines.append)
    assert sum("size the FIFOs" in line for line in lines) <= 2


def test_a_rate_near_0_takes_the_cheapest_circuit():
    board = load_board("icebreaker")
    one, other = (map_program(digits(), board, target_fps=fps) for fps in (1e-306, 1e-3))
    assert one.units == other.units


def test_a_target_that_no_folding_reaches():
    with pytest.raises(FitError, match=r"cannot reach 1e\+06 frames/s at 60 MHz: '.*' takes more"):
        map_program(digits(), load_board("ulx3s_85f"), target_fps=1_000_000)


def test_more_than_a_frame_a_cycle_is_refused():
    message = (
        "network 'by_hand' cannot reach 1e+09 frames/s at 60 MHz: no circuit takes more than one "
        "frame a cycle; ask for fewer frames or a faster clock"
    )
    with pytest.raises(FitError) as caught:
        map_program(digits(), load_board("ulx3s_85f"), target_fps=1e9)
    assert str(caught.value) == message


def test_a_target_that_does_not_fit():
    with pytest.raises(
        FitError,
        match=r"not fit pynq_z2 at 8000 frames/s and 100 MHz: it needs.*, a lower --target-fps",
    ):
        map_program(resnet8(), load_board("pynq_z2"), target_fps=8_000)


def test_a_board_without_multiplier_blocks():
    board = replace(load_board("ulx3s_85f"), dsp=0)
    design = map_program(digits(), board)
    assert total_resources(design).dsp == 0


def test_unsupported_ops_are_named_before_anything_else():
    b = Builder((4, 4, 2))
    program = b.program(b.node("negate", Negate(), "x"))
    with pytest.raises(UnsupportedError, match="'negate'"):
        map_program(program, load_board("icebreaker"))


def test_progress_is_told():
    lines = []
    map_program(digits(), load_board("ulx3s_85f"), progress=lines.append)
    assert lines[-1] == "prove the steady state"
