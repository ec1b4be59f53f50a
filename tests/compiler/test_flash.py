"""Loading bitstreams: the board's command, and what is said where it cannot run."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from sangi.boards.load import list_boards, load_board
from sangi.compiler.flash import flash, flash_command
from sangi.compiler.report.report import REPORT
from sangi.runtime.errors import BoardError, BuildError, ToolError, UsageError

from .reports import report_for


def build_for(folder: Path, board: str, part: str, *files: str) -> Path:
    """A build as far as loading looks at it."""
    build = folder / "build"
    (build / "project").mkdir(parents=True)
    (build / REPORT).write_text(json.dumps(report_for(board, part)))
    for name in (*files, "top.v", "README.md"):
        (build / "project" / name).write_bytes(b"")
    return build


@pytest.mark.parametrize("name", list_boards())
def test_the_command_of_every_board(name, tmp_path):
    board = load_board(name)
    build = build_for(tmp_path, name, board.part, "top.bit")
    if "programmer" not in board.settings:
        with pytest.raises(BoardError) as error:
            flash_command(build)
        assert str(error.value) == (
            f"board {name} loads the bitstream itself: copy the .bit and .hwh of project/ "
            "and driver/ to it, and run driver/infer.py there with --device pynq:"
        )
        return
    command = flash_command(build)
    bitstream = str(build / "project" / "top.bit")
    assert command[0] in ("openFPGALoader", "dfu-util", "iceprog", "quartus_pgm")
    assert sum(bitstream in word for word in command) == 1
    assert not any("{" in word for word in command)


@pytest.mark.parametrize("file", ["top.bit", "top.bin", "top.fs", "top.sof"])
def test_every_kind_of_bitstream_is_found(file, tmp_path):
    build = build_for(tmp_path, "ulx3s_85f", "LFE5U-85F-6BG381C", file)
    expected = ("openFPGALoader", "-b", "ulx3s", str(build / "project" / file))
    assert flash_command(build) == expected


def test_no_bitstream_and_several(tmp_path):
    build = build_for(tmp_path, "ulx3s_85f", "LFE5U-85F-6BG381C")
    project = build / "project"
    with pytest.raises(BuildError) as error:
        flash_command(build)
    assert str(error.value) == (
        f"{project} must hold a bitstream, and there is none; compile with --bitstream, "
        f"or follow {project / 'README.md'}"
    )
    for name in ("top.bit", "old.bit"):
        (project / name).write_bytes(b"")
    with pytest.raises(BuildError, match=r"must hold one bitstream, not old\.bit, top\.bit$"):
        flash_command(build)


def test_a_folder_that_is_no_build(tmp_path):
    with pytest.raises(BuildError, match="must be a folder that `sangi compile` wrote"):
        flash_command(tmp_path)


OWN = """
title = "Mine"
part = "{part}"
family = "ecp5"
clock_mhz = 50
[resources]
lut = 100
ff = 100
bram = 4
dsp = 2
"""
PROGRAMMER = '[programmer]\ncommand = ["./load", "--file={bitstream}"]\n'


def test_a_board_of_ones_own(tmp_path):
    build = build_for(tmp_path, "mine", "chip", "top.bit")
    own = tmp_path / "mine.toml"
    own.write_text(OWN.replace("{part}", "chip") + PROGRAMMER)
    with pytest.raises(BoardError) as error:
        flash_command(build)
    assert str(error.value) == (
        f"{build} is for mine, a board of your own: give its file as --board FILE.toml"
    )
    assert flash_command(build, str(own)) == ("./load", f"--file={build / 'project' / 'top.bit'}")

    own.write_text(OWN.replace("{part}", "chip"))
    with pytest.raises(BoardError) as error:
        flash_command(build, str(own))
    assert str(error.value) == (
        "board mine: the key 'programmer.command' is missing; it is the command that loads "
        "{bitstream}"
    )
    own.write_text(OWN.replace("{part}", "another") + PROGRAMMER)
    with pytest.raises(BoardError) as error:
        flash_command(build, str(own))
    assert str(error.value) == (
        f"board must be the one that {build} is for, mine (chip), not mine (another)"
    )
    with pytest.raises(UsageError, match="does not exist"):
        flash_command(build, str(tmp_path / "none.toml"))


def test_a_programmer_that_is_not_installed():
    with pytest.raises(ToolError) as error:
        flash(("no-such-loader", "-b", "x", "my build/top.bit"))
    assert str(error.value) == (
        "no-such-loader must be installed to load the bitstream, and it is not here; "
        "where it is, run: no-such-loader -b x 'my build/top.bit'"
    )


def loader(folder: Path, script: str) -> str:
    """A programmer for the tests."""
    path = folder / "loader"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_the_programmer_gets_its_arguments(tmp_path):
    taken = tmp_path / "taken"
    flash((loader(tmp_path, f'printf "%s|" "$@" > "{taken}"'), "-b", "x y", "top.bit"))
    assert taken.read_text() == "-b|x y|top.bit|"


def test_a_programmer_that_fails(tmp_path):
    program = loader(tmp_path, "exit 3")
    with pytest.raises(ToolError, match=r"loader failed \(exit code 3\); look whether the board"):
        flash((program, "top.bit"))
