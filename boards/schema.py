"""What a board's file may hold: every table and key with the check of its value."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..runtime.errors import BoardError

FAMILIES = ("xc7", "xcup", "ecp5", "ice40", "gowin", "cyclonev", "max10", "arria10")
SHELLS = ("uart", "axi")
TOOLS: Mapping[str, tuple[str, ...]] = {
    "nextpnr-ecp5": ("ecp5",),
    "nextpnr-ice40": ("ice40",),
    "nextpnr-gowin": ("gowin",),
    "vivado": ("xc7", "xcup"),
    "quartus": ("cyclonev", "max10", "arria10"),
}
"""Tools that make bitstreams, each with the families it is for."""

_BALL = re.compile(r"[A-Z]{1,2}[0-9]{1,2}")
_NUMBER = re.compile(r"[0-9]{1,3}")


@dataclass(frozen=True)
class Key:
    """A key of a table.

    Attributes
    ----------
    wanted : str
        What the value must be, as a message says it.
    check : callable
        Whether a value is that.
    required : bool
        Whether the table is incomplete without it.
    pins : bool
        Whether the value is a pin, or a list of pins.
    """

    wanted: str
    check: Callable[[Any], bool]
    required: bool = False
    pins: bool = False


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_number(value: Any) -> bool:
    real = isinstance(value, (int, float)) and not isinstance(value, bool)
    return real and 0 < value < math.inf


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(_is_text(item) for item in value)


def _is_command(value: Any) -> bool:
    return _is_texts(value) and sum("{bitstream}" in word for word in value) == 1


def _is_truth(value: Any) -> bool:
    return isinstance(value, bool)


def _choice(*options: str, required: bool = False) -> Key:
    wanted = " or ".join(f"'{option}'" for option in options)
    return Key(wanted, lambda value: value in options, required)


_TEXT = Key("a text", _is_text)
_TEXTS = Key("a list of texts", _is_texts)
_MHZ = Key("a number > 0", _is_number, required=True)
_WHOLE = Key("a whole number > 0", _is_count)
_PIN = Key("a pin", _is_text, required=True, pins=True)
_PINS = Key("a list of pins", _is_texts, pins=True)

TABLES: Mapping[str, Mapping[str, Key]] = {
    "device": {
        "name": _TEXT,
        "nextpnr": _TEXT,  # what nextpnr calls it: an option, or for Gowin the whole part
        "package": _TEXT,
        "speed": _WHOLE,
        "family": _TEXT,  # as Gowin's and Intel's tools call it
        "pack": _TEXTS,  # options of gowin_pack
        "part": _TEXT,  # as Vivado and Quartus spell it
        "board_part": _TEXT,  # of Vivado's board files
        "ps": _choice("zynq7", "zynqmp"),  # the processor beside the logic
    },
    "oscillator": {
        "name": _TEXT,
        "pin": _PIN,
        "mhz": _MHZ,
        "pll_pad": Key("true or false", _is_truth),
    },
    "reset": {"pin": _PIN, "active": _choice("low", "high", required=True)},
    "pll": {"primitive": Key("a text", _is_text, required=True)},
    "uart": {"rx": _PIN, "tx": _PIN, "baud": Key("a whole number > 0", _is_count, required=True)},
    "pins": {
        "io_type": _TEXT,
        "leds": _PINS,
        "buttons": _PINS,
        "power_button": Key("a pin", _is_text, pins=True),
        "held_high": _PINS,
    },
    "programmer": {
        "command": Key(
            "a list of texts of which one holds {bitstream}", _is_command, required=True
        ),
    },
}
"""Every table but ``resources``, with its keys."""


def check_tool(name: str, family: str, tool: str | None, shell: str | None) -> None:
    """Make sure that tool and shell go with the family.

    Raises
    ------
    BoardError
        If the tool is unknown, is for other families, or has no shell to build.
    """
    if tool is None:
        return
    if tool not in TOOLS:
        raise BoardError(f"board {name}: tool must be one of {', '.join(TOOLS)}, not {tool!r}")
    if family not in TOOLS[tool]:
        raise BoardError(
            f"board {name}: tool {tool} must go with a family of {', '.join(TOOLS[tool])}, "
            f"not {family}"
        )
    if shell is None:
        raise BoardError(
            f"board {name}: the key 'shell' is missing; with a tool it is one of "
            f"{', '.join(SHELLS)}"
        )


def check_known(name: str, where: str, given: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    """Make sure that a table holds known keys only.

    Parameters
    ----------
    name : str
        The board's name.
    where : str
        Path before the keys: empty, or ``table.``.
    given, known : mapping
        The keys that are there, and that may be.

    Raises
    ------
    BoardError
        With the unknown key and all known ones.
    """
    for key in given:
        if key not in known:
            raise BoardError(
                f"board {name}: the key '{where}{key}' is unknown; the known ones are "
                f"{', '.join(sorted(known))}"
            )


def check_settings(name: str, family: str, settings: Mapping[str, Any]) -> None:
    """Check the tables beside ``resources``.

    Raises
    ------
    BoardError
        If a key is unknown or missing, a value is not what it must be, a pin is none of the
        family's, or a pin is used twice.
    """
    used: dict[str, str] = {}
    for table, values in settings.items():
        if not isinstance(values, Mapping):
            raise BoardError(f"board {name}: {table} must be a table, not {values!r}")
        keys = TABLES[table]
        check_known(name, f"{table}.", values, keys)
        for key, rule in keys.items():
            if key not in values:
                if rule.required:
                    raise BoardError(f"board {name}: the key '{table}.{key}' is missing")
                continue
            if not rule.check(values[key]):
                raise BoardError(
                    f"board {name}: {table}.{key} must be {rule.wanted}, not {values[key]!r}"
                )
            if not rule.pins:
                continue
            for place, pin in _pins(f"{table}.{key}", values[key]):
                _check_pin(name, family, place, pin)
                if used.setdefault(pin, place) != place:
                    raise BoardError(
                        f"board {name}: the pin {pin} must be used once, "
                        f"not for {used[pin]} and {place}"
                    )


def _pins(place: str, value: str | list[str]) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    else:
        yield from ((f"{place}[{index}]", pin) for index, pin in enumerate(value))


def _check_pin(name: str, family: str, place: str, pin: str) -> None:
    if _BALL.fullmatch(pin) or (family in ("ice40", "gowin") and _NUMBER.fullmatch(pin)):
        return
    like = "'A12' or '35'" if family in ("ice40", "gowin") else "'A12'"
    raise BoardError(f"board {name}: {place} must be a pin's name like {like}, not {pin!r}")
