"""The AXI shell against cocotbext-axi, an independent model of the bus, in Verilator."""

from __future__ import annotations

from pathlib import Path

import jinja2
import pytest
from axi.shapes import Shape

from sangi.compiler.circuit.axi_shell import CoreAxiShell
from sangi.compiler.circuit.shell import component_verilog
from sangi.sim.bench.run_core import OpenBench, prepare

pytest.importorskip("cocotbext.axi", reason="needs cocotbext-axi: pip install -e '.[test]'")

HERE = Path(__file__).parent / "axi"
SHAPES = [
    # Beats that no whole number of words makes, and one that does not fill the last word.
    Shape(3, 8, 12, 2, 12, 5),
    # One element of few bits, and one result that is a word.
    Shape(1, 4, 33, 4, 8, 1),
    # Beats wider than words.
    Shape(20, 6, 3, 9, 20, 2, in_word=8, out_word=8),
]


def run(
    shape: Shape,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    frames: int,
    only: str | None = None,
) -> None:
    """Build the shell around the core for tests, and run the bench, or one test of it."""
    (folder / "axi_shell.v").write_text(component_verilog(CoreAxiShell(shape.params), "axi_shell"))
    template = jinja2.Template((HERE / "core.v.jinja").read_text(), keep_trailing_newline=True)
    (folder / "core.v").write_text(template.render(vars(shape)))
    shape.save(folder)
    prepare(monkeypatch)
    monkeypatch.syspath_prepend(str(HERE))
    runner = OpenBench()
    runner.build(
        sources=[folder / "core.v", folder / "axi_shell.v"],
        hdl_toplevel="axi_shell",
        build_dir=folder,
        build_args=["--public-depth", "1", "-Wno-fatal", "-Wno-lint", "-Wno-style"],
        timescale=("1ns", "1ns"),
    )
    runner.test(
        hdl_toplevel="axi_shell",
        test_module="axi_bench",
        build_dir=folder,
        test_dir=folder,
        test_filter=only,
        plusargs=[f"+frames={frames}"],
        extra_env={
            "PYTHONDONTWRITEBYTECODE": "1",
            "COCOTB_LOG_LEVEL": "WARNING",
            "PYTHONWARNINGS": "ignore",
        },
    )


@pytest.mark.slow
@pytest.mark.ci
@pytest.mark.parametrize("shape", SHAPES, ids=["rgb", "narrow", "wide"])
def test_streams_and_registers_on_the_bus(shape, tmp_path, monkeypatch):
    run(shape, tmp_path, monkeypatch, frames=60)


@pytest.mark.slow
def test_ten_thousand_frames(tmp_path, monkeypatch):
    only = "no_frame_is_lost_invented_or_changed/clocks=0/paused=True"
    run(SHAPES[0], tmp_path, monkeypatch, frames=10_000, only=only)
