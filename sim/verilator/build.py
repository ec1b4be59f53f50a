"""From Verilog and a C++ main to an executable, by Verilator and g++."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from ...runtime.errors import ToolError
from .tools import environment, executable, make_flags

SHOWN_LINES = 6
"""Lines of a tool's errors that an error message repeats; the rest is in the log."""


def verilate(
    top: str,
    sources: Sequence[Path],
    main_cpp: str,
    folder: Path,
    *,
    vlt: str | None = None,
    log: Path | None = None,
    optimize: str = "-O1",
) -> Path:
    """Compile Verilog together with a C++ program.

    Parameters
    ----------
    top : str
        The top module; the C++ class is ``V<top>`` (header ``V<top>.h``).
    sources : sequence of Path
        Verilog files.
    main_cpp : str
        Text of the C++ file with ``main``.
    folder : Path
        Where everything is written; made if it does not exist.
    vlt : str, optional
        Text of a Verilator configuration file (``public_flat_rd`` and the like).
    log : Path, optional
        File that takes the tools' output; ``folder/verilator.log`` by default.
    optimize : str
        g++'s level for the circuit's code.

    Returns
    -------
    Path
        The executable, ``folder/V<top>``.

    Raises
    ------
    ToolError
        If a tool is missing (with the line that installs it) or fails (with its first errors and
        the name of the log).
    """
    program = executable()
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    main = folder / "main.cpp"
    main.write_text(main_cpp, encoding="utf-8")
    files = [str(Path(source).resolve()) for source in sources]
    if vlt is not None:
        config = folder / "probes.vlt"
        config.write_text(vlt, encoding="utf-8")
        files.insert(0, str(config))
    variables = (f"OPT_FAST={optimize}", "OPT_SLOW=-O0", *make_flags())
    flags = [word for variable in variables for word in ("-MAKEFLAGS", variable)]
    command = [
        str(program),
        "--cc",
        "--exe",
        "--build",
        "-O3",
        "--x-assign",
        "fast",
        "--x-initial",
        "fast",
        "--noassert",
        "-Wno-fatal",
        "-Wno-lint",
        "-Wno-style",
        "--top-module",
        top,
        "--prefix",
        f"V{top}",
        "-Mdir",
        str(folder),
        "--build-jobs",
        str(os.cpu_count() or 1),
        *flags,
        *files,
        str(main),
    ]
    log = log or folder / "verilator.log"
    with log.open("w", encoding="utf-8") as stream:
        done = subprocess.run(
            command, cwd=folder, env=environment(), stdout=stream, stderr=subprocess.STDOUT
        )
    if done.returncode:
        raise ToolError(
            f"Verilator could not build {top} (exit code {done.returncode}; "
            f"whole output: {log}):\n{errors_in(log.read_text(encoding='utf-8', errors='replace'))}"
        )
    return folder / f"V{top}"


def errors_in(output: str) -> str:
    """Return the lines of a tool's output that say what went wrong, a few of them.

    Lines that mention an error, or the last ones where none does.
    """
    lines = [line.rstrip() for line in output.splitlines() if line.strip()]
    wanted = [line for line in lines if "%Error" in line or "error:" in line.lower()]
    chosen = wanted[:SHOWN_LINES] if wanted else lines[-SHOWN_LINES:]
    return "\n".join(f"  {line[:200]}" for line in chosen)
