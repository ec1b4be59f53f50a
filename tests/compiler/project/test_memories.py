"""The contents of memories move into files, and stay what they are."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from sangi.compiler.circuit.axi_shell import write_axi_shell
from sangi.compiler.circuit.verilog import write_rtl
from sangi.compiler.circuit.yosys import run_yosys
from sangi.compiler.project.memories import LEAST_WORDS, contents_in_files, vendor_rtl


def module(name: str, words: list[str], *, memory: str = "weights", start: int = 0) -> str:
    """Return a module with a memory as Yosys writes it."""
    lines = [f"    {memory}[{start + index}] = 9'h{word};\n" for index, word in enumerate(words)]
    return (
        f"module {name}(clk, address, word);\n"
        "  input clk;\n  input [9:0] address;\n  output reg [8:0] word;\n"
        f"  reg [8:0] {memory} [{len(words) - 1}:0];\n"
        f"  initial begin\n{''.join(lines)}  end\n"
        f"  always @(posedge clk)\n    word <= {memory}[address];\n"
        "endmodule\n"
    )


WORDS = [f"{(index * 37) % 512:03x}" for index in range(100)]


def test_a_memory_is_read_from_a_file_named_after_it():
    text, files = contents_in_files("// head\n\n" + module("a", WORDS) + "\n" + module("b", WORDS))
    assert files == dict.fromkeys(
        ("a__weights.mem", "b__weights.mem"), "".join(f"{word}\n" for word in WORDS)
    )
    assert text.startswith("// head\n\nmodule a(")
    assert re.findall(r"^  initial (.*);$", text, re.MULTILINE) == [
        *('$readmemh("a__weights.mem", weights)', '$readmemh("b__weights.mem", weights)')
    ]
    assert "initial begin" not in text


@pytest.mark.parametrize(
    "text",
    [
        module("few", WORDS[: LEAST_WORDS - 1]),
        module("later", WORDS, start=1),
        module("none", WORDS).replace("9'h", "9'd"),
        "module empty;\nendmodule\n",
    ],
)
def test_what_is_short_or_not_whole_stays(text):
    assert contents_in_files(text) == (text, {})


def contents(folder: Path, names: list[str]) -> dict[tuple[str, str], str]:
    """Return what Yosys reads as the contents of every memory."""
    target = folder / "memories.json"
    run_yosys(
        [
            *(f"read_verilog {folder / name}" for name in names),
            *("proc", "memory_collect", f"write_json {target}"),
        ]
    )
    return {
        (module, cell["parameters"]["MEMID"]): cell["parameters"]["INIT"]
        for module, body in json.loads(target.read_text())["modules"].items()
        for cell in body["cells"].values()
        if cell["type"] == "$mem_v2"
    }


def test_yosys_reads_the_same_contents(small, tmp_path):
    rtl, project = tmp_path / "rtl", tmp_path / "project"
    write_rtl(small, rtl)
    write_axi_shell(small, rtl)
    (rtl / "tables.v").write_text(module("first", WORDS) + "\n" + module("second", WORDS[::-1]))
    names = sorted(path.name for path in rtl.glob("*.v"))
    verilog, memories = vendor_rtl(rtl, names)
    assert list(verilog) == names and {"first__weights.mem", "second__weights.mem"} <= set(memories)
    project.mkdir()
    for name, text in (verilog | memories).items():
        (project / name).write_text(text)
    inline = contents(rtl, names)
    assert len(inline) > 2 and any("1" in init for init in inline.values())
    assert contents(project, names) == inline
