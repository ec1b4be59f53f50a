"""The project of a Zynq board: IP, block design, address map."""

import shutil
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from sangi.boards.load import load_board
from sangi.compiler.circuit.axi_shell import write_axi_shell
from sangi.compiler.project.vivado.component import SPIRIT
from sangi.compiler.project.vivado.ports import read_ports
from sangi.compiler.project.vivado.write import write_project
from sangi.compiler.project.vivado.zynq import PROCESSORS
from sangi.runtime.errors import BoardError, ToolError

from .tcl import Command, names, run

WEIGHTS = "".join(f"    weights[{index}] = 4'h{index % 16:x};\n" for index in range(32))
CORE = f"""\
module core;
  reg [3:0] weights [31:0];
  initial begin
{WEIGHTS}  end
endmodule
"""
CLOCKS = {"pynq_z2": 100.0, "cora_z7": 125.0, "zcu104": 250.0, "ultra96v2": 200.0}

# UG835 and UG994 (IP integrator), of each command what is used here.
BUILD = {
    "create_project": Command(options="part", flags="force in_memory", least=1, most=2),
    "set_property": Command(options="dict", least=1, most=3),
    "current_project": Command(result="project"),
    "current_fileset": Command(result="fileset"),
    "get_board_parts": Command(flags="quiet", least=1, most=1, result="$known"),
    "update_ip_catalog": Command(flags="rebuild"),
    "create_bd_design": Command(least=1, most=1),
    "create_bd_cell": Command(options="type vlnv reference", least=1, most=1),
    "apply_bd_automation": Command(options="rule config", least=1, most=1),
    "get_bd_cells": Command(flags="quiet", least=1, most=1, result="cell:[lindex $args end]"),
    "get_bd_pins": Command(flags="quiet", least=1, most=1, result="pin:[lindex $args end]"),
    "get_bd_intf_pins": Command(flags="quiet", least=1, most=1, result="bus:[lindex $args end]"),
    "get_bd_addr_spaces": Command(least=1, most=1, result="space:[lindex $args end]"),
    "get_bd_addr_segs": Command(least=1, most=1, result="segment:[lindex $args end]"),
    "connect_bd_net": Command(least=2, most=20),
    "connect_bd_intf_net": Command(least=2, most=2),
    "assign_bd_address": Command(
        options="offset range target_address_space", flags="force", most=1
    ),
    "validate_bd_design": Command(flags="force"),
    "save_bd_design": Command(most=1),
    "make_wrapper": Command(options="files", flags="top import"),
    "get_files": Command(least=1, most=1, result="file:[lindex $args end]"),
    "add_files": Command(options="fileset", flags="norecurse", least=1, most=1),
    "update_compile_order": Command(options="fileset"),
    "launch_runs": Command(options="to_step jobs", least=1, most=1),
    "wait_on_run": Command(least=1, most=1),
    "get_runs": Command(least=1, most=1, result="run"),
    "get_property": Command(least=2, most=2, result="100%"),
    "open_run": Command(least=1, most=1),
    "report_timing_summary": Command(options="file"),
    "report_utilization": Command(options="file"),
}
# PG082, PG201 (processors), PG021 (AXI DMA), PG247, PG065 (clocking wizard).
PROPERTIES = {
    "ps": {key for processor in PROCESSORS.values() for key, _ in processor.properties},
    "dma": {
        *("c_include_sg", "c_sg_include_stscntrl_strm", "c_sg_length_width", "c_include_mm2s"),
        *("c_m_axi_mm2s_data_width", "c_m_axis_mm2s_tdata_width", "c_mm2s_burst_size"),
        *("c_include_s2mm", "c_m_axi_s2mm_data_width", "c_s_axis_s2mm_tdata_width"),
        "c_s2mm_burst_size",
    },
    "control": {"NUM_SI", "NUM_MI"},
    "memory": {"NUM_SI", "NUM_MI"},
    "interrupts": {"NUM_PORTS"},
    "core_clock": {
        *("PRIM_SOURCE", "PRIM_IN_FREQ", "CLKOUT1_REQUESTED_OUT_FREQ", "USE_RESET", "USE_LOCKED"),
    },
}
BUSES = {
    ("dma/M_AXIS_MM2S", "shell/s_axis"),
    ("shell/m_axis", "dma/S_AXIS_S2MM"),
    ("control/M00_AXI", "dma/S_AXI_LITE"),
    ("control/M01_AXI", "shell/s_axi"),
    ("dma/M_AXI_MM2S", "memory/S00_AXI"),
    ("dma/M_AXI_S2MM", "memory/S01_AXI"),
}


@pytest.fixture(scope="module", params=list(CLOCKS))
def built(request, small, tmp_path_factory):
    build = tmp_path_factory.mktemp(request.param)
    (build / "rtl").mkdir()
    write_axi_shell(small, build / "rtl")
    (build / "rtl" / "core.v").write_text(CORE)
    board = replace(load_board(request.param), tool="vivado", shell="axi")
    write_project(board, CLOCKS[board.name], 0, build)
    return board, build


def recorded(build, tmp_path, known="part"):
    """The calls of the script, the files that Vivado makes being there."""
    shutil.copytree(build, tmp_path / "build")
    project = tmp_path / "build" / "project"
    (tmp_path / "build" / "driver").mkdir()
    for name in (
        "vivado/system.runs/impl_1/system_wrapper.bit",
        "vivado/system.gen/sources_1/bd/system/hw_handoff/system.hwh",
    ):
        (project / name).parent.mkdir(parents=True)
        (project / name).write_text(name)
    commands = {
        name: replace(command, result=known if name == "get_board_parts" else command.result)
        for name, command in BUILD.items()
    }
    return project, run(project / "build.tcl", commands)


def test_the_steps_come_in_vivados_order(built, tmp_path):
    board, build = built
    driver = tmp_path / "build" / "driver"
    project, calls = recorded(build, tmp_path)
    order = [name for name in names(calls) if not name.startswith("get_")]
    steps = (
        *("create_project", "create_bd_design", "create_bd_cell", "assign_bd_address"),
        *("validate_bd_design", "save_bd_design", "make_wrapper", "launch_runs", "wait_on_run"),
        *("open_run", "report_utilization"),
    )
    assert [order.index(step) for step in steps] == sorted(order.index(step) for step in steps)
    assert calls[0].options["part"] == board.settings["device"]["part"]
    (place,) = [call.others[1] for call in calls if call.others[:1] == ("ip_repo_paths",)]
    assert (project / "ip" / "component.xml").samefile(f"{place}/component.xml")
    assert (project / "system.bit").read_text().endswith("system_wrapper.bit")
    assert (project / "system.hwh").read_text().endswith("system.hwh")
    for name in ("system.bit", "system.hwh"):
        assert (driver / name).read_text() == (project / name).read_text()


def test_the_preset_is_used_where_the_boards_files_are(built, tmp_path):
    board, build = built
    for known, preset in (("part", "1"), ("{}", "0")):
        _, calls = recorded(build, tmp_path / preset, known)
        (automation,) = [call for call in calls if call.name == "apply_bd_automation"]
        assert automation.options["config"].endswith(f"apply_board_preset {preset}")
        chosen = [call.others for call in calls if call.others[:1] == ("board_part",)]
        wanted = ("board_part", board.settings["device"]["board_part"], "project")
        assert chosen == ([wanted] if preset == "1" else [])


def test_every_cell_exists_and_is_joined(built, tmp_path):
    board, build = built
    _, calls = recorded(build, tmp_path)
    processor = PROCESSORS[board.settings["device"]["ps"]]
    cells = {c.others[0]: c.options["vlnv"] for c in calls if c.name == "create_bd_cell"}
    assert cells["shell"] == "sangi:user:axi_shell:1.0"
    assert ("core_clock" in cells) == (CLOCKS[board.name] != processor.bus_mhz)
    for call in calls:
        if call.name in ("get_bd_pins", "get_bd_intf_pins"):
            assert call.others[0].partition("/")[0] in cells
    for call in calls:
        if call.name == "set_property" and call.others[-1].startswith("cell:"):
            cell = call.others[-1].removeprefix("cell:")
            given = call.options.get("dict", " ".join(call.others[:2])).split()
            assert {key.removeprefix("CONFIG.") for key in given[::2]} <= PROPERTIES[cell]
    buses = {
        tuple(pin.removeprefix("bus:") for pin in call.others)
        for call in calls
        if call.name == "connect_bd_intf_net"
    }
    assert buses == BUSES | {
        (f"ps/{processor.master}", "control/S00_AXI"),
        ("memory/M00_AXI", f"ps/{processor.memory}"),
    }
    driven = [
        pin.removeprefix("pin:")
        for call in calls
        if call.name == "connect_bd_net"
        for pin in call.others[1:]
    ]
    assert len(driven) == len(set(driven)), "a pin with two drivers"
    assert {pin for pin in driven if pin.startswith("shell/")} == {
        *("shell/aclk", "shell/aresetn", "shell/core_clk"),
    }


def test_the_ports_are_those_of_the_shell(built, tmp_path):
    _, build = built
    _, calls = recorded(build, tmp_path)
    ports = read_ports((build / "rtl" / "axi_shell.v").read_text(), "axi_shell")
    (dma,) = [c for c in calls if c.name == "set_property" and c.others[-1] == "cell:dma"]
    words = dma.options["dict"].split()
    given = dict(zip(words[::2], words[1::2], strict=True))
    assert given["CONFIG.c_m_axis_mm2s_tdata_width"] == str(ports["s_axis_tdata"].width)
    assert given["CONFIG.c_s_axis_s2mm_tdata_width"] == str(ports["m_axis_tdata"].width)
    assert ports["s_axi_wdata"].width == 32 and ports["s_axi_wstrb"].width == 4


def test_registers_have_addresses_of_their_own(built, tmp_path):
    _, build = built
    _, calls = recorded(build, tmp_path)
    *mapped, rest = [call for call in calls if call.name == "assign_bd_address"]
    assert rest.options == {} and rest.others == ()
    sizes = {"64K": 1 << 16, "4K": 1 << 12}
    places = {
        call.others[0]: (int(call.options["offset"], 16), sizes[call.options["range"]])
        for call in mapped
    }
    assert set(places) == {"segment:dma/S_AXI_LITE/Reg", "segment:shell/s_axi/reg0"}
    (low, size), (high, _) = sorted(places.values())
    assert low + size <= high
    assert all(start % length == 0 for start, length in places.values())


def test_clocks_that_differ_are_cut(built, tmp_path):
    board, build = built
    project, calls = recorded(build, tmp_path)
    assert [c.others[0] for c in calls if c.name == "add_files"] == ["clocks.xdc"]
    commands = {
        "get_pins": Command(least=1, most=1, result="[lindex $args end]"),
        "get_clocks": Command(options="of_objects", result="clock:[lindex $args end]"),
        "get_cells": Command(flags="hierarchical", options="filter", result="cells"),
        "set_property": Command(least=3, most=3),
        "groups": Command(least=1, most=1),
    }
    # Two options -group: kept apart by a recorder of their own.
    prelude = (
        "proc set_clock_groups args { record groups [lrange $args 2 2]; "
        "record groups [lrange $args 4 4] }"
    )
    calls = run(project / "clocks.xdc", commands, prelude)
    own = CLOCKS[board.name] != PROCESSORS[board.settings["device"]["ps"]].bus_mhz
    assert [call.others[0] for call in calls if call.name == "groups"] == [
        *("clock:system_i/shell/aclk", "clock:system_i/shell/core_clk")
    ] * own
    assert calls[-1].others == ("ASYNC_REG", "TRUE", "cells")
    verilog = (project.parent / "rtl" / "axi_shell.v").read_text()
    assert "reg stage0" in verilog and "reg stage1" in verilog


def test_the_ip_is_described_as_ip_xact(built):
    _, build = built
    ip = build / "project" / "ip"
    root = ET.parse(ip / "component.xml").getroot()
    spirit = {"s": SPIRIT}
    # The order of IEEE 1685-2009's component.
    assert [child.tag.removeprefix(f"{{{SPIRIT}}}") for child in root] == [
        *("vendor", "library", "name", "version", "busInterfaces", "memoryMaps", "model"),
        *("fileSets", "description", "parameters", "vendorExtensions"),
    ]
    ports = read_ports((build / "rtl" / "axi_shell.v").read_text(), "axi_shell")
    described = {}
    for port in root.iterfind("s:model/s:ports/s:port", spirit):
        vector = port.find("s:wire/s:vector/s:left", spirit)
        described[port.findtext("s:name", None, spirit)] = (
            port.findtext("s:wire/s:direction", None, spirit),
            1 if vector is None else int(vector.text) + 1,
        )
    assert described == {name: (port.direction, port.width) for name, port in ports.items()}
    mapped = [e.text for e in root.iterfind(".//s:physicalPort/s:name", spirit)]
    assert sorted(mapped) == sorted(ports), "every port is in one interface"
    files = [e.text for e in root.iterfind("s:fileSets/s:fileSet/s:file/s:name", spirit)]
    *memories, core, top = files[: len(files) // 2]
    assert (core, top) == ("core.v", "axi_shell.v")
    assert "core__weights.mem" in memories
    assert sorted(set(files)) == sorted(
        path.name for path in ip.iterdir() if path.name != "component.xml"
    )
    kinds = {
        entry.findtext("s:name", None, spirit): (
            entry.findtext("s:fileType", None, spirit),
            entry.findtext("s:userFileType", None, spirit),
        )
        for entry in root.iterfind(".//s:file", spirit)
    }
    assert {kinds[name] for name in memories} == {(None, "mem")}
    assert kinds[core] == kinds[top] == ("verilogSource", None)
    sets = {e.findtext("s:name", None, spirit) for e in root.iterfind(".//s:fileSet", spirit)}
    views = {e.text for e in root.iterfind(".//s:fileSetRef/s:localName", spirit)}
    assert views == sets


def test_what_does_not_fit_is_refused(small, tmp_path):
    (tmp_path / "rtl").mkdir()
    top = tmp_path / "rtl" / "axi_shell.v"
    top.write_text("module axi_shell(aclk);\n  input aclk;\nendmodule\n")
    board = replace(load_board("pynq_z2"), tool="vivado", shell="axi")
    with pytest.raises(ToolError, match="axi_shell lacks the ports s_axis_tdata, s_axis_tkeep"):
        write_project(board, 100.0, 0, tmp_path)
    top.write_text("module other; endmodule\n")
    with pytest.raises(ToolError, match="holds no module axi_shell"):
        write_project(board, 100.0, 0, tmp_path)
    settings = {**board.settings, "device": {"ps": "versal", "part": "x"}}
    with pytest.raises(BoardError, match=r"device\.ps must be one of zynq7, zynqmp, not 'versal'"):
        write_project(replace(board, settings=settings), 100.0, 0, tmp_path)
