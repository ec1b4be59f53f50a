"""Verilog for vendors' tools: the contents of memories in files of their own.

Yosys and Verilator read ``rtl/``, where contents stand in ``initial`` blocks; long blocks are slow
in Vivado and Quartus, which read ``$readmemh`` as well (UG901; Intel's recommended coding styles).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ..circuit.readable import split_modules

LEAST_WORDS = 32
"""Shorter contents stay where they are read."""

_BLOCK = re.compile(r"^  initial begin\n((?:    \w+\[\d+\] = \d+'h[0-9a-fx]+;\n)+)  end\n", re.M)
_WORD = re.compile(r"^    (\w+)\[(\d+)\] = \d+'h([0-9a-fx]+);$", re.M)


def contents_in_files(verilog: str) -> tuple[str, dict[str, str]]:
    """Move the contents of memories into files.

    Parameters
    ----------
    verilog : str
        As ``write_rtl`` and the shells' writers leave it.

    Returns
    -------
    tuple of str and dict of str to str
        The Verilog, in which ``$readmemh`` reads files beside it; and the files,
        ``MODULE__MEMORY.mem``, a word a line in hexadecimal digits.
    """
    files: dict[str, str] = {}
    for module, body in split_modules(verilog):

        def move(match: re.Match[str], module: str = module) -> str:
            words = _WORD.findall(match.group(1))
            memory = words[0][0]
            whole = all(name == memory for name, _, _ in words)
            in_order = [int(index) for _, index, _ in words] == list(range(len(words)))
            if len(words) < LEAST_WORDS or not whole or not in_order:
                return match.group(0)
            file = f"{module}__{memory}.mem"
            files[file] = "".join(f"{word}\n" for _, _, word in words)
            return f'  initial $readmemh("{file}", {memory});\n'

        verilog = verilog.replace(body, _BLOCK.sub(move, body))
    return verilog, files


def vendor_rtl(rtl: Path, names: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return Verilog for a vendor's tool, with the contents of memories in files of their own.

    All of them belong into the folder of the script, so that a file's name finds it whether a tool
    starts from the script's folder or from the Verilog's.

    Parameters
    ----------
    rtl : Path
        ``rtl/`` of a build.
    names : sequence of str
        Verilog files in it.

    Returns
    -------
    tuple of dict of str to str
        Texts of the Verilog and of the memory files by their names.
    """
    memories: dict[str, str] = {}
    texts: dict[str, str] = {}
    for name in names:
        texts[name], found = contents_in_files((rtl / name).read_text(encoding="utf-8"))
        memories |= found
    return texts, dict(sorted(memories.items()))
