"""The shell keeps AXI's handshake rules for ever: a proof by induction over its whole circuit."""

from __future__ import annotations

from pathlib import Path

import jinja2
import pytest
from axi.shapes import Shape

from sangi.compiler.circuit.axi_shell import CoreAxiShell
from sangi.compiler.circuit.shell import component_verilog
from sangi.compiler.circuit.yosys import run_yosys
from sangi.runtime.errors import ToolError

RULES = Path(__file__).parent / "axi" / "rules.v.jinja"
SHAPE = Shape(3, 8, 4, 2, 12, 3)
CORE = (
    "(* blackbox *) module core(input clk, input rst, input [23:0] in0_payload, input in0_valid, "
    "output in0_ready, output [23:0] out0_payload, output out0_valid, input out0_ready); endmodule"
)


@pytest.fixture(scope="module")
def shell(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("axi") / "axi_shell.v"
    path.write_text(component_verilog(CoreAxiShell(SHAPE.params), "axi_shell"))
    return path


def rules() -> str:
    params = SHAPE.params
    return jinja2.Template(RULES.read_text()).render(
        in_bits=8 * params.source.word_bytes, out_bits=8 * params.sink.word_bytes
    )


def prove(shell: Path, rules: str, folder: Path) -> str:
    """Prove the rules for any core and any content of memories; ToolError if that fails."""
    (folder / "rules.v").write_text(rules)
    (folder / "core.v").write_text(CORE)
    return run_yosys(
        [
            f"read_verilog -formal {folder / 'rules.v'}",
            f"read_verilog {shell}",
            f"read_verilog -lib {folder / 'core.v'}",
            "prep -flatten -top rules",
            "async2sync",
            "cutpoint t:core t:$mem_v2",
            "chformal -lower",
            "opt -full",
            "sat -verify -prove-asserts -set-assumes -tempinduct -seq 1 -maxsteps 8",
        ]
    )


def test_valid_stays_and_announces_one_thing_and_every_request_is_answered(shell, tmp_path):
    output = prove(shell, rules(), tmp_path)
    assert output.count("Import proof for assert") >= 14
    assert "Induction step proven: SUCCESS!" in output


@pytest.mark.slow
@pytest.mark.ci
@pytest.mark.parametrize("ready", ["m_axis_tready", "s_axi_bready", "s_axi_rready"])
def test_the_proof_fails_where_valid_is_withdrawn(shell, tmp_path, ready):
    # The circuit sees another READY than the rules do.
    wrong = rules().replace(f".{ready}({ready})", f".{ready}(1'b1)")
    assert wrong != rules()
    with pytest.raises(ToolError, match="proof did fail"):
        prove(shell, wrong, tmp_path)
