"""Runs Tcl scripts of vendors' tools with their commands replaced by recorders."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Command:
    """What a tool's reference manual says of a command.

    Attributes
    ----------
    options : str
        Names of options that take a value, without the dash.
    flags : str
        Names of those that take none.
    least, most : int
        Other arguments.
    result : str
        Tcl expression in brackets or a word that the recorder returns.
    """

    options: str = ""
    flags: str = ""
    least: int = 0
    most: int = 0
    result: str = ""


@dataclass(frozen=True)
class Call:
    """A recorded call: options by name, and the other arguments."""

    name: str
    options: Mapping[str, str]
    others: tuple[str, ...]


_PRELUDE = """\
set recording [open {path} w]
fconfigure $recording -encoding utf-8
proc record {{name arguments}} {{
    set words [list $name]
    foreach argument $arguments {{
        lappend words =[binary encode hex [encoding convertto utf-8 $argument]]
    }}
    puts $::recording [join $words]
}}
"""


def run(script: Path, commands: Mapping[str, Command], prelude: str = "") -> list[Call]:
    """Run a script where it lies and return its calls, each checked against its command.

    A command that is neither Tcl's nor one of ``commands`` ends the script, and the test.
    """
    tclsh = shutil.which("tclsh")
    if tclsh is None:
        pytest.skip("needs tclsh")
    recording, driver = script.parent / "calls.txt", script.parent / "driver.tcl"
    text = _PRELUDE.format(path="{" + str(recording) + "}")
    for name, command in commands.items():
        parts = name.rpartition("::")[0]
        if parts:
            text += f"namespace eval {parts} {{}}\n"
        text += f"proc {name} args {{ record {{{name}}} $args; return {command.result or '{}'} }}\n"
    driver.write_text(text + prelude + f"\nsource {{{script}}}\nclose $recording\n")
    done = subprocess.run([tclsh, driver], cwd=script.parent, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    calls = [_read(line) for line in recording.read_text().splitlines()]
    recording.unlink()
    driver.unlink()
    return [check(name, arguments, commands[name]) for name, arguments in calls]


def _read(line: str) -> tuple[str, list[str]]:
    name, *words = line.split(" ")
    return name, [bytes.fromhex(word[1:]).decode() for word in words]


def check(name: str, arguments: list[str], command: Command) -> Call:
    """Split arguments as the manual says; anything else fails the test."""
    values, flags = command.options.split(), command.flags.split()
    options: dict[str, str] = {}
    others: list[str] = []
    words = iter(arguments)
    for word in words:
        if not re.fullmatch(r"-[a-z_]+", word):
            others.append(word)
        elif word[1:] in values:
            options[word[1:]] = next(words)
        else:
            assert word[1:] in flags, f"{name} has no option {word}"
            options[word[1:]] = ""
    assert command.least <= len(others) <= command.most, f"{name} {arguments}"
    return Call(name, options, tuple(others))


def names(calls: list[Call]) -> list[str]:
    """Return the calls' names in order, runs of one shortened to one."""
    found: list[str] = []
    for call in calls:
        if found[-1:] != [call.name]:
            found.append(call.name)
    return found
