"""From Verilog and a C++ main to an executable, by Verilator and g++."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ...runtime.errors import ToolError
from ..tool import run_tool
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
        Takes the executable and the log; made if it does not exist.
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
    folder.mkdir(parents=True, exist_ok=True)
    log = log or folder / "verilator.log"
    result = folder.resolve() / f"V{top}"
    # make cannot handle blanks in names, so the work is done where there are none.
    with tempfile.TemporaryDirectory(prefix="sangi-verilator-") as name:
        work = Path(name)
        files = [work / f"{number:03}_{Path(path).name}" for number, path in enumerate(sources)]
        for source, copy in zip(sources, files, strict=True):
            shutil.copyfile(source, copy)
        if vlt is not None:
            (work / "probes.vlt").write_text(vlt, encoding="utf-8")
            files.insert(0, work / "probes.vlt")
        (work / "main.cpp").write_text(main_cpp, encoding="utf-8")
        with log.open("w", encoding="utf-8") as stream:
            code = run_tool(
                _command(program, top, files, work, optimize),
                folder=work,
                output=stream,
                environment=environment(),
            )
        if code:
            output = log.read_text(encoding="utf-8", errors="replace")
            raise ToolError(
                f"Verilator could not build {top} (exit code {code}; "
                f"whole output: {log}):\n{errors_in(output)}"
            )
        # Beside its place first: who finds the executable finds all of it.
        shutil.copy2(work / f"V{top}", result.with_suffix(".new"))
    os.replace(result.with_suffix(".new"), result)
    return result


def _command(
    program: Path, top: str, files: Sequence[Path], work: Path, optimize: str
) -> list[str]:
    """Return Verilator's command line."""
    variables = (f"OPT_FAST={optimize}", "OPT_SLOW=-O0", *make_flags())
    return [
        str(program),
        *("--cc", "--exe", "--build", "-O3", "--noassert"),
        *("--x-assign", "fast", "--x-initial", "fast"),
        *("-Wno-fatal", "-Wno-lint", "-Wno-style"),
        *("--top-module", top, "--prefix", f"V{top}", "-Mdir", str(work)),
        *("--build-jobs", str(os.cpu_count() or 1)),
        *(word for variable in variables for word in ("-MAKEFLAGS", variable)),
        *map(str, files),
        str(work / "main.cpp"),
    ]


def errors_in(output: str) -> str:
    """Return the lines of a tool's output that say what went wrong, a few of them.

    Lines that mention an error, or the last ones where none does.
    """
    lines = [line.rstrip() for line in output.splitlines() if line.strip()]
    wanted = [line for line in lines if "%Error" in line or "error:" in line.lower()]
    chosen = wanted[:SHOWN_LINES] if wanted else lines[-SHOWN_LINES:]
    return "\n".join(f"  {line[:200]}" for line in chosen)
