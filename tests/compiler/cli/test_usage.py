"""Wrong usage exits with 2; boards and doctor say what there is."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import sangi
from sangi.boards.load import list_boards, load_board
from sangi.compiler.report.report import REPORT, SCHEMA

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("compile", "none.onnx", "--board", "ulx3s_85f", "-o", "b"), "none.onnx"),
        (("compile", "model.onnx", "--board", "ulx3s_85f"), "-o"),
        (("compile", "model.onnx", "-o", "b"), "--board"),
        (("compile", "model.onnx", "--board", "x", "-o", "b", "--frobnicate"), "--frobnicate"),
        (("compile", "model.onnx", "--board", "x", "-o", "b", "--data", "no.npz"), "no.npz"),
        (("compile", "model.onnx", "--board", "none.toml", "-o", "b"), "none.toml"),
        (("compile", "model.onnx", "--board", "ulx3s_85f", "-o", "b", "--mean", "1,x"), "--mean"),
        (("compile", "model.onnx", "--board", "ulx3s_85f", "-o", "b", "--std", "nan"), "--std"),
        (
            ("compile", "model.onnx", "--board", "ulx3s_85f", "-o", "b", "--input-shape", "1,0"),
            "--input-shape",
        ),
        (
            ("compile", "model.onnx", "--board", "ulx3s_85f", "-o", "b", "--clock-mhz", "fast"),
            "must be a number of MHz or auto, not 'fast'",
        ),
        (
            ("compile", "model.onnx", "--board", "ulx3s_85f", "-o", "b", "--clock-mhz", "auto"),
            "give --bitstream as well",
        ),
        (
            ("compile", "model.onnx", "--board", "ulx3s_85f", "-o", "b", "--clock-mhz", "-5"),
            "clock_mhz must be a number above 0, not -5.0",
        ),
        (("simulate", "none"), "none"),
        (("run", "none", "--device", "numpy:", "--images", "model.onnx"), "none"),
        (("frobnicate",), "frobnicate"),
        (("boards", "none.toml"), "none.toml"),
    ],
)
def test_wrong_usage_exits_with_2(
    tmp_path: Path, run_sangi: Command, arguments: tuple[object, ...], named: str
) -> None:
    (tmp_path / "model.onnx").write_bytes(b"")
    done = run_sangi(*arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert named in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


def test_the_version_is_told(run_sangi: Command) -> None:
    assert run_sangi("--version").stdout == f"sangi {sangi.__version__}\n"


def test_boards_lists_every_board(run_sangi: Command) -> None:
    listing = run_sangi("boards").stdout
    for name in list_boards():
        assert name in listing


def test_a_board_is_shown_with_all_its_file_holds(run_sangi: Command, tmp_path: Path) -> None:
    lines = run_sangi("boards", "ulx3s_85f").stdout.splitlines()
    shown = {name: " ".join(rest) for name, *rest in map(str.split, filter(str.strip, lines))}
    board = load_board("ulx3s_85f")
    for table, values in board.settings.items():
        assert {f"{table}.{key}" for key in values} <= set(shown)
    assert shown["part"] == "LFE5U-85F-6BG381C"
    assert shown["oscillator.mhz"] == "25"
    assert shown["pins.leds"] == "B2 C2 C1 D2 D1 E2 E1 H3"
    assert shown["programmer.command"] == "openFPGALoader -b ulx3s {bitstream}"
    assert shown["source"] == board.source

    own = tmp_path / "mine.toml"
    own.write_text(
        'title = "Mine"\npart = "none"\nfamily = "ice40"\nclock_mhz = 12.0\n'
        "[resources]\nlut = 500\nff = 500\nbram = 2\ndsp = 1\n"
        '[oscillator]\npin = "35"\nmhz = 12\npll_pad = true\n'
    )
    output = run_sangi("boards", str(own)).stdout
    assert output.startswith("Mine")
    for line in ("oscillator.pll_pad  yes", "source              not said"):
        assert line in output


def test_flash_says_the_command_where_the_programmer_is_missing(
    run_sangi: Command, tmp_path: Path
) -> None:
    project = tmp_path / "build" / "project"
    project.mkdir(parents=True)
    (project / "top.bit").write_bytes(b"")
    board = load_board("ulx3s_85f")
    report = {"schema": SCHEMA, "board": board.name, "part": board.part}
    (tmp_path / "build" / REPORT).write_text(json.dumps(report))
    done = run_sangi("flash", "build", cwd=tmp_path, PATH=str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "error: openFPGALoader must be installed to load the bitstream, and it is not here; "
        "where it is, run: openFPGALoader -b ulx3s build/project/top.bit\n"
    )


def test_an_unknown_board_is_told_the_known_ones(run_sangi: Command) -> None:
    done = run_sangi("boards", "none")
    assert done.returncode == 1
    assert done.stderr == (
        f"error: board must be one of {', '.join(list_boards())}, "
        "or a file that ends in .toml, not 'none'\n"
    )


def test_an_interrupt_exits_with_130_and_leaves_nothing(
    tmp_path: Path, sangi_command: list[str]
) -> None:
    (tmp_path / "model.onnx").write_bytes(b"")
    # A pipe that nobody writes into keeps the command waiting inside its work.
    pipe = tmp_path / "board.toml"
    os.mkfifo(pipe)
    command = [*sangi_command, "compile", "model.onnx", "--board", pipe.name, "-o", "build"]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        # A shell that runs the tests in the background hands down an ignored SIGINT.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        try:
            writer = opened_by_reader(pipe)
            errors = interrupted(process)
            os.close(writer)
        finally:
            process.kill()
    assert process.returncode == 130
    assert b"Traceback" not in errors
    assert sorted(path.name for path in tmp_path.iterdir()) == ["board.toml", "model.onnx"]


def interrupted(process: subprocess.Popen[bytes]) -> bytes:
    """What a process says when interrupted.

    A signal that comes between two of Python's instructions only raises a flag; if the next one
    is a read that blocks, nobody looks at the flag before the next signal.
    """
    for _ in range(6):
        process.send_signal(signal.SIGINT)
        try:
            return process.communicate(timeout=10)[1]
        except subprocess.TimeoutExpired:
            continue
    raise TimeoutError("the command does not end when interrupted")


def opened_by_reader(pipe: Path) -> int:
    """Open a pipe for writing as soon as someone reads it."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            time.sleep(0.05)
    raise TimeoutError(f"nobody read {pipe}")
