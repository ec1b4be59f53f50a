"""From a model file to a build folder: every stage of the compiler in order."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from ..boards.board import Board
from ..boards.load import load_board
from ..runtime.errors import BoardError, UsageError
from ..runtime.store import PROGRAM_FILE, save_program
from .circuit.axi_shell import write_axi_shell
from .circuit.shell import write_shell
from .circuit.testbench import write_testbench
from .circuit.verilog import write_rtl
from .driver import write_driver
from .frontend import load
from .images import read_images
from .mapping.design import Design
from .mapping.limits import budget_of
from .mapping.mapper import map_program
from .mapping.wishes import Wishes
from .order.order import order_channels
from .project.fastest import make_fastest
from .project.flows import check_clock, check_tools, make_bitstream, write_project
from .report.link import link_fps
from .report.report import Report, make_report, with_routing, write_report
from .steps import Progress, StepLog
from .verify.passes import VerifyEach
from .workspace import new_folder


def compile_model(
    model: str | Path,
    board: str,
    *,
    out: str | Path,
    clock_mhz: float | Literal["auto"] | None = None,
    target_fps: float | None = None,
    wishes: Wishes | None = None,
    data: str | Path | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    input_shape: Sequence[int] | None = None,
    bitstream: bool = False,
    verify_each: bool = False,
    seed: int = 0,
    progress: Progress | None = None,
    note: Callable[[str], None] | None = None,
) -> Report:
    """Compile a model for a board.

    The build folder appears complete or not at all; everything in it but ``log/`` and ``results/``
    depends only on the model and the options.

    Parameters
    ----------
    model : path
        ONNX file.
    board : str
        Name of a board (see ``sangi boards``), or path of a board's TOML file.
    out : path
        The build folder: new, or an earlier build, which is replaced.
    clock_mhz : float or "auto", optional
        Clock of the circuit; the board's own by default. ``auto``, with ``bitstream``: the highest
        that place and route confirms for the circuit that the board's own would get.
    target_fps : float, optional
        Frames per second; by default the fastest design that fits.
    wishes : Wishes, optional
        Engines that may be used, limits of resources, and what is fixed of single layers.
    data : path, optional
        .npz with sample images ``x``, for the calibration of models without quantizers.
    mean, std : sequence of float, optional
        Normalization of the pixels, one number or one per channel, in units of the pixel.
    input_shape : sequence of int, optional
        Shape of the model's input, batch axis included.
    bitstream : bool
        Whether to synthesize, place and route.
    verify_each : bool
        Whether to execute the graph after every pass against the graph before, and the program
        against the last graph, also with its channels in another order; the first number that
        differs is an error. On the images of ``data`` where they are given.
    seed : int
        Of the testbench's frames and of placement.
    progress : callable, optional
        Called with the name of each step as it begins.
    note : callable, optional
        Called with a line that the user should see.

    Returns
    -------
    dict
        What ``report.json`` holds.

    Raises
    ------
    SangiError
        One of its kinds, with a message that says what to mend; nothing is left behind then.
    """
    model, out = Path(model), Path(out)
    target = load_board(board)
    wishes = Wishes() if wishes is None else wishes
    _check_options(target, bitstream, clock_mhz, target_fps, wishes)
    steps = StepLog(progress)
    with new_folder(out) as folder:
        steps.begin("read the model")
        verify = _verifier(data, seed) if verify_each else None
        program = load(
            model,
            mean=mean,
            std=std,
            input_shape=None if input_shape is None else tuple(input_shape),
            data=data,
            mapped=True,
            note=note,
            watch=verify,
            lowered=None if verify is None else verify.lowered,
        )
        ordered = order_channels(program)
        if verify is not None:
            verify.ordered(program, ordered)
            if note is not None:
                note(verify.summary)
        steps.begin("map it to the board")
        design = map_program(
            ordered,
            target,
            clock_mhz=None if clock_mhz == "auto" else clock_mhz,
            target_fps=target_fps,
            wishes=wishes,
            # Who looks for the highest clock wants short paths.
            levels=1 if clock_mhz == "auto" else None,
            progress=progress,
        )
        steps.begin("write the circuit")
        save_program(ordered, folder / PROGRAM_FILE)
        rtl = write_rtl(design, folder / "rtl")
        if target.shell == "axi":
            write_axi_shell(design, folder / "rtl")
        else:
            write_shell(design, folder / "rtl")
        steps.begin("write the testbench")
        write_testbench(design, rtl, folder / "testbench", seed=seed)
        steps.begin("write the driver")
        write_driver(target, folder)
        if target.tool is None:
            if note is not None:
                note(f"board {target.name} is only a budget so far: project/ was not written")
        else:
            steps.begin("write the project")
            write_project(target, design.clock_mhz, seed, folder)
        routed = None
        if bitstream:
            if note is not None and target_fps is None:
                _note_idle_speed(design, note)
            steps.begin("synthesize, place and route")
            if clock_mhz == "auto":
                clock, routed = make_fastest(target, design.clock_mhz, seed, folder, note)
                design = replace(design, clock_mhz=clock)
                _note_missed_rate(design, target_fps, note)
            else:
                routed = make_bitstream(target, design.clock_mhz, seed, folder)
        report = make_report(design, steps.names)
        if routed is not None:
            report = with_routing(report, routed)
        write_report(folder, report)
        steps.write(folder / "log" / "compile.log")
    return report


def _verifier(data: str | Path | None, seed: int) -> VerifyEach:
    return VerifyEach(None if data is None else read_images(Path(data)).x, seed=seed)


def _note_idle_speed(design: Design, note: Callable[[str], None]) -> None:
    """Say so where the circuit is much faster than its link: it takes long to place and route."""
    carried = link_fps(design)
    fps = design.clock_mhz * 1e6 / design.cycles_per_frame
    if carried is not None and fps > 2 * carried:
        note(
            f"the circuit computes {fps:,.0f} frames per second and the link carries "
            f"{carried:,.0f}; --target-fps {carried:.0f} gives a smaller one, routed sooner"
        )


def _note_missed_rate(
    design: Design, target_fps: float | None, note: Callable[[str], None] | None
) -> None:
    """Say so where the clock that was found is too slow for the frame rate asked for."""
    fps = design.clock_mhz * 1e6 / design.cycles_per_frame
    if note is not None and target_fps is not None and fps < target_fps:
        note(
            f"at {design.clock_mhz:g} MHz the circuit computes {fps:,.0f} frames per second, not "
            f"{target_fps:g}; --clock-mhz {design.clock_mhz:g} maps one for that clock"
        )


def _check_options(
    board: Board,
    bitstream: bool,
    clock_mhz: float | Literal["auto"] | None,
    target_fps: float | None,
    wishes: Wishes,
) -> None:
    """Refuse what cannot work before anything is written."""
    if clock_mhz == "auto":
        if not bitstream:
            raise UsageError(
                "clock_mhz must be a number where no bitstream is made, not 'auto': only place "
                "and route finds the highest; give --bitstream as well"
            )
        clock_mhz = None
    for name, value in (("clock_mhz", clock_mhz), ("target_fps", target_fps)):
        if value is not None and not (math.isfinite(value) and value > 0):
            raise UsageError(f"{name} must be a number above 0, not {value}")
    check_clock(board, board.clock_mhz if clock_mhz is None else clock_mhz)
    budget_of(board, wishes.limits)
    if not bitstream:
        return
    if board.tool is None:
        raise BoardError(
            f"a bitstream needs a board with a tool, and {board.name} is only a budget so far; "
            "leave --bitstream out"
        )
    check_tools(board)
