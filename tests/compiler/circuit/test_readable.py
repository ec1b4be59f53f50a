"""Plain names instead of escaped ones."""

from __future__ import annotations

import re

from sangi.compiler.circuit.readable import plain, readable, split_modules, without_zeros

VERILOG = r"""/* Generated */

module core(a, clk);
  input [7:0] a;
  wire [7:0] \q[0] ;
  wire [7:0] q_0;
  assign \q[0]  = a;
  \core.l00_conv__x  l00_conv__x (
    .\a$1 (\q[0] ),
    .clk(clk)
  );
endmodule

(* keep = 1 *)
module \core.l00_conv__x (\a$1 , clk);
  input [7:0] \a$1 ;
  wire \output ;
  \core.l00_conv__x.fifo  fifo (
    .push(\output )
  );
endmodule

module \core.l00_conv__x.fifo (push);
  input push;
endmodule
"""


def test_no_escaped_name_is_left() -> None:
    text = readable(VERILOG, "core")
    assert "\\" not in text
    assert [name for name, _ in split_modules(text)] == [
        "core",
        "l00_conv__x",
        "l00_conv__x__fifo",
    ]


def test_names_stay_different_and_ports_agree() -> None:
    text = readable(VERILOG, "core")
    assert "wire [7:0] q_0_2;" in text
    assert "assign q_0_2 = a;" in text
    assert ".a_1(q_0_2)," in text
    assert "module l00_conv__x (a_1, clk);" in text


def test_attributes_stay_with_their_module() -> None:
    modules = dict(split_modules(readable(VERILOG, "core")))
    assert modules["l00_conv__x"].startswith("(* keep = 1 *)\nmodule l00_conv__x ")
    assert modules["core"].endswith("endmodule\n")


def test_plain_names() -> None:
    assert plain("U$0") == "U_0"
    assert plain("$signature__addr") == "signature__addr"
    assert plain("0x") == "_0x"
    assert plain("output") == "output_"
    assert re.fullmatch(r"\w+", plain("ä[3].ß"))


def test_zeros_stay_only_where_nothing_is_written() -> None:
    zeros = "  initial begin\n    ram[0] = 8'h00;\n    ram[1] = 8'h00;\n  end\n"
    write = "  always @(posedge clk) begin\n    if (push)\n      ram[a[0]] <= d;\n  end\n"
    assert without_zeros(f"  reg [7:0] ram [1:0];\n{zeros}{write}") == (
        f"  reg [7:0] ram [1:0];\n{write}"
    )
    assert without_zeros(zeros) == zeros
    weights = zeros.replace("8'h00;\n  end", "8'h01;\n  end")
    assert without_zeros(weights + write) == weights + write
