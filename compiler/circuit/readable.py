"""Verilog as Yosys writes it, with names that people read: plain identifiers only."""

from __future__ import annotations

import itertools
import re

_MODULE = re.compile(r"^((?:\(\* .* \*\)\n)*)module (\\\S+ |\w+)", re.MULTILINE)
_ESCAPED = re.compile(r"\\(\S+)\s")
_ZEROS = re.compile(r"^  initial begin\n(?:    (\w+)\[\d+\] = \d+'h0+;\n)+  end\n", re.MULTILINE)
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")


def plain(name: str) -> str:
    """Return a plain identifier for a name that Yosys escaped.

    A name that is plain already was escaped because it is a keyword.
    """
    word = re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_") or "name"
    if word[0].isdigit():
        word = f"_{word}"
    return f"{name}_" if word == name else word


def readable(verilog: str, top: str) -> str:
    """Replace every escaped identifier by a plain one.

    A name becomes the same name in all modules, so that ports and their connections agree; no two
    names become one. Module ``top.unit.part`` becomes ``unit__part``.

    Parameters
    ----------
    verilog : str
        As Yosys' ``write_verilog`` wrote it.
    top : str
        Name of the top module.
    """
    modules = {name for name, _ in split_modules(verilog)}
    names: dict[str, str] = {}
    taken = set(_PLAIN.findall(verilog))
    for name in dict.fromkeys(_ESCAPED.findall(verilog)):
        if name in modules:
            part = name.removeprefix(f"{top}.").replace(".", "__")
            names[name] = re.sub(r"[^A-Za-z0-9_]", "_", part)
        else:
            names[name] = _unused(plain(name), taken)
        taken.add(names[name])
    return _tidy(_ESCAPED.sub(lambda match: f"{names[match.group(1)]} ", verilog))


def without_zeros(module: str) -> str:
    """Leave out the initial zeros of memories that are written: nobody reads them before.

    Tools may then choose memories that take no initial content, and a long FIFO is a few lines.
    """

    def keep(match: re.Match[str]) -> str:
        written = re.search(rf"^\s+{match.group(1)}\[.*\] <= ", module, re.MULTILINE)
        return "" if written else match.group(0)

    return _ZEROS.sub(keep, module)


def split_modules(verilog: str) -> list[tuple[str, str]]:
    """Cut a Verilog file into ``(module's name, text)``, in the order of the file."""
    starts = list(_MODULE.finditer(verilog))
    ends = [match.start() for match in starts[1:]] + [len(verilog)]
    return [
        (match.group(2).strip().removeprefix("\\"), verilog[match.start() : end].strip() + "\n")
        for match, end in zip(starts, ends, strict=True)
    ]


def _unused(name: str, taken: set[str]) -> str:
    """Return the name, with the first number that makes it new where it is taken."""
    numbered = (f"{name}_{number}" for number in itertools.count(2))
    return next(word for word in itertools.chain([name], numbered) if word not in taken)


def _tidy(text: str) -> str:
    """Take out the blanks that ended escaped identifiers."""
    text = re.sub(r"(?<=\w) +(?=[;,)\]])", "", text)
    text = re.sub(r"^(  +\.\w+) \(", r"\1(", text, flags=re.MULTILINE)
    return re.sub(r"(?<=[^ \n])  +(?=\S)", " ", text)
