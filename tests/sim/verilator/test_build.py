"""Compiling Verilog with a C++ main."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sangi.runtime.errors import ToolError
from sangi.sim.verilator import tools
from sangi.sim.verilator.build import errors_in, verilate

MAIN = """
#include <cstdio>
#include "Vinverter.h"
int main() { Vinverter top; top.a = 5; top.eval(); std::printf("%d\\n", top.y); }
"""


def test_executable_computes(tmp_path: Path) -> None:
    source = tmp_path / "inverter.v"
    source.write_text("module inverter(input [3:0] a, output [3:0] y); assign y = ~a; endmodule\n")
    program = verilate("inverter", [source], MAIN, tmp_path / "built here")
    assert subprocess.run([program], capture_output=True, check=True).stdout == b"10\n"


def test_broken_verilog_is_a_tool_error_with_its_line(tmp_path: Path) -> None:
    source = tmp_path / "inverter.v"
    source.write_text("module inverter(input [3:0] a, output [3:0] y); assign y = ; endmodule\n")
    log = tmp_path / "log.txt"
    with pytest.raises(ToolError, match=r"(?s)could not build inverter.*syntax error") as caught:
        verilate("inverter", [source], MAIN, tmp_path / "b", log=log)
    assert str(log) in str(caught.value)
    assert "syntax error" in log.read_text()


def test_missing_programs_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match=r"apt-get install g\+\+ make perl"):
        tools.executable()


def test_errors_are_trimmed() -> None:
    noise = "\n".join(f"g++ -c file{n}.cpp" for n in range(50))
    assert errors_in(f"{noise}\n%Error: core.v:3: bad\n{noise}") == "  %Error: core.v:3: bad"
    assert errors_in(noise).count("\n") == 5
