"""Reading of board files: the ones that come with the package, and a user's own."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..runtime.errors import BoardError, UsageError
from .board import Board
from .schema import FAMILIES, SHELLS, TABLES, check_known, check_settings, check_tool

_FOLDER = Path(__file__).parent
_RESOURCES = ("lut", "ff", "bram", "dsp")
_OWN_KEYS = ("title", "part", "family", "clock_mhz", "tool", "shell", "source", "resources")


def list_boards() -> tuple[str, ...]:
    """Return the names of the boards that come with the package, sorted."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


def load_board(name_or_path: str) -> Board:
    """Read a board by its name, or from a TOML file.

    Parameters
    ----------
    name_or_path : str
        One of ``list_boards()``, or the path of a file that ends in ``.toml``.

    Raises
    ------
    BoardError
        If the name is unknown, or the file is none of a board; see ``parse_board``.
    UsageError
        If the file does not exist.
    """
    if name_or_path in list_boards():
        return _read(_FOLDER / f"{name_or_path}.toml")
    if not name_or_path.endswith(".toml"):
        raise BoardError(
            f"board must be one of {', '.join(list_boards())}, or a file that ends in .toml, "
            f"not {name_or_path!r}"
        )
    return _read(Path(name_or_path))


def parse_board(name: str, text: str) -> Board:
    """Make a board of the text of a TOML file.

    Parameters
    ----------
    name : str
        The board's name: the file's without ``.toml``.
    text : str
        The keys ``title``, ``part``, ``family``, ``clock_mhz`` and the table ``resources`` with
        ``lut``, ``ff``, ``bram``, ``dsp`` must be there; ``tool``, ``shell``, ``source`` and the
        tables of ``schema.TABLES`` may, and these become ``settings``.

    Raises
    ------
    BoardError
        If it is not TOML, lacks a key, holds an unknown one or a value of a wrong type or range,
        names a pin twice, or the tool is not for the family.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BoardError(f"board {name}: the file must be TOML: {error}") from error
    check_known(name, "", table, dict.fromkeys((*_OWN_KEYS, *TABLES)))
    resources = table.get("resources")
    if not isinstance(resources, dict):
        raise BoardError(f"board {name}: a table [resources] with lut, ff, bram, dsp is missing")
    check_known(name, "resources.", resources, dict.fromkeys(_RESOURCES))
    shell = _text(name, table, "shell") if "shell" in table else None
    if shell is not None and shell not in SHELLS:
        raise BoardError(f"board {name}: shell must be one of {', '.join(SHELLS)}, not {shell!r}")
    family = _text(name, table, "family")
    if family not in FAMILIES:
        raise BoardError(
            f"board {name}: family must be one of {', '.join(FAMILIES)}, not {family!r}"
        )
    tool = _text(name, table, "tool") if "tool" in table else None
    check_tool(name, family, tool, shell)
    settings = {key: value for key, value in table.items() if key not in _OWN_KEYS}
    check_settings(name, family, settings)
    return Board(
        name=name,
        title=_text(name, table, "title"),
        part=_text(name, table, "part"),
        family=family,
        lut=_count(name, resources, "lut"),
        ff=_count(name, resources, "ff"),
        bram=_count(name, resources, "bram"),
        dsp=_count(name, resources, "dsp"),
        clock_mhz=_clock(name, table),
        tool=tool,
        shell=shell,
        source=_text(name, table, "source") if "source" in table else None,
        settings=settings,
    )


def _read(path: Path) -> Board:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise UsageError(f"board file {path} does not exist") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BoardError(f"board file {path} cannot be read: {error}") from error
    return parse_board(path.stem, text)


def _get(name: str, table: Mapping[str, Any], key: str) -> Any:
    if key not in table:
        raise BoardError(f"board {name}: the key {key!r} is missing")
    return table[key]


def _text(name: str, table: Mapping[str, Any], key: str) -> str:
    value = _get(name, table, key)
    if not isinstance(value, str) or not value:
        raise BoardError(f"board {name}: {key} must be a text, not {value!r}")
    return value


def _count(name: str, table: Mapping[str, Any], key: str) -> int:
    value = _get(name, table, key)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise BoardError(f"board {name}: {key} must be a whole number ≥ 0, not {value!r}")
    return value


def _clock(name: str, table: Mapping[str, Any]) -> float:
    value = _get(name, table, "clock_mhz")
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 10_000:
        raise BoardError(f"board {name}: clock_mhz must be a number > 0, not {value!r}")
    return float(value)
