"""Wrong usage exits with 2; boards and doctor say what there is."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import sangi
from sangi.boards.load import list_boards, load_board
from sangi.compiler.report.report import REPORT

from ..reports import report_for

DIGITS = Path(__file__).parents[3] / "examples" / "digits"
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
    report = report_for(board.name, board.part)
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


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_that_ends_the_command_leaves_nothing(
    tmp_path: Path, sangi_command: list[str], number: signal.Signals, code: int
) -> None:
    model, place = DIGITS / "digits_int8.onnx", tmp_path / "some" / "deep" / "place"
    command = [*sangi_command, "compile", str(model), "--board", "ulx3s_85f", "-o", str(place)]
    with subprocess.Popen(
        command, cwd=tmp_path, stderr=subprocess.PIPE, preexec_fn=signals_as_usual
    ) as process:
        try:
            wait_for_entry(place.parent)
            process.send_signal(number)
            errors = process.communicate(timeout=60)[1]
        finally:
            process.kill()
    assert process.returncode == code, errors.decode()
    assert b"Traceback" not in errors
    assert list(tmp_path.iterdir()) == []


def signals_as_usual() -> None:
    """A shell that runs the tests in the background hands down ignored signals."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def wait_for_entry(folder: Path) -> None:
    """Wait until a folder is there and holds something."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if folder.is_dir() and any(folder.iterdir()):
            return
        time.sleep(0.05)
    raise TimeoutError(f"nobody wrote into {folder}")
