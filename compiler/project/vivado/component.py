"""``component.xml``: the AXI shell as IP of Vivado (IP-XACT, IEEE 1685-2009)."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping, Sequence

from ....runtime.errors import ToolError
from .ports import Port

SPIRIT = "http://www.spiritconsortium.org/XMLSchema/SPIRIT/1685-2009"
XILINX = "http://www.xilinx.com"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
VENDOR, LIBRARY, VERSION = "sangi", "user", "1.0"
REGISTERS_RANGE = 4096
"""Bytes of the address map that the registers take: the least that interconnects decode."""

_STREAM = ("TDATA", "TKEEP", "TLAST", "TVALID", "TREADY")
_LITE = (
    *("AWADDR", "AWPROT", "AWVALID", "AWREADY", "WDATA", "WSTRB", "WVALID", "WREADY"),
    *("BRESP", "BVALID", "BREADY", "ARADDR", "ARPROT", "ARVALID", "ARREADY"),
    *("RDATA", "RRESP", "RVALID", "RREADY"),
)

_VIEWS = (
    ("xilinx_anylanguagesynthesis", ":vivado.xilinx.com:synthesis", "synthesis"),
    ("xilinx_anylanguagebehavioralsimulation", ":vivado.xilinx.com:simulation", "simulation"),
)
"""Name, environment and file set."""


def component_xml(module: str, ports: Mapping[str, Port], sources: Sequence[str]) -> str:
    """Return the description of a module with the ports of the AXI shell.

    Parameters
    ----------
    module : str
        The top; also the name of the IP.
    ports : mapping of str to Port
        All ports of the module.
    sources : sequence of str
        Verilog files, and ``.mem`` files that these read, relative to the file's folder.

    Raises
    ------
    ToolError
        If a port of a bus is missing.
    """
    for prefix, names in (("s_axis", _STREAM), ("m_axis", _STREAM), ("s_axi", _LITE)):
        missing = [n for n in _physical(prefix, names).values() if n not in ports]
        if missing:
            raise ToolError(f"module {module} lacks the ports {', '.join(missing)}")
    for prefix, uri in (("spirit", SPIRIT), ("xilinx", XILINX), ("xsi", XSI)):
        ET.register_namespace(prefix, uri)
    root = ET.Element(_tag("component"))
    _texts(root, vendor=VENDOR, library=LIBRARY, name=module, version=VERSION)
    buses = _add(root, "busInterfaces")
    _bus(buses, "s_axis", "axis", "slave", _physical("s_axis", _STREAM))
    _bus(buses, "m_axis", "axis", "master", _physical("m_axis", _STREAM))
    _bus(buses, "s_axi", "aximm", "slave", _physical("s_axi", _LITE), memory="s_axi")
    _signal(buses, "aresetn", "reset", "slave", "RST", {"POLARITY": "ACTIVE_LOW"})
    _signal(
        buses,
        "aclk",
        "clock",
        "slave",
        "CLK",
        {"ASSOCIATED_BUSIF": "s_axis:m_axis:s_axi", "ASSOCIATED_RESET": "aresetn"},
    )
    _signal(buses, "core_clk", "clock", "slave", "CLK", {})
    _signal(buses, "interrupt", "interrupt", "master", "INTERRUPT", {"SENSITIVITY": "LEVEL_HIGH"})
    _memory_map(_add(root, "memoryMaps"))
    _model(_add(root, "model"), module, ports.values())
    _file_sets(_add(root, "fileSets"), sources)
    _texts(root, description="A neural network behind AXI4-Stream, with registers on AXI4-Lite")
    _texts(
        _add(_add(root, "parameters"), "parameter"), name="Component_Name", value=f"{module}_v1_0"
    )
    families = ("zynq", "zynquplus", "artix7", "kintex7")
    core = ET.SubElement(
        ET.SubElement(root, _tag("vendorExtensions")), f"{{{XILINX}}}coreExtensions"
    )
    supported = ET.SubElement(core, f"{{{XILINX}}}supportedFamilies")
    for family in families:
        entry = ET.SubElement(supported, f"{{{XILINX}}}family")
        entry.set(f"{{{XILINX}}}lifeCycle", "Production")
        entry.text = family
    taxonomies = ET.SubElement(core, f"{{{XILINX}}}taxonomies")
    ET.SubElement(taxonomies, f"{{{XILINX}}}taxonomy").text = "/UserIP"
    ET.SubElement(core, f"{{{XILINX}}}displayName").text = f"sangi {module}"
    ET.SubElement(core, f"{{{XILINX}}}coreRevision").text = "1"
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, "unicode") + "\n"


def _tag(name: str) -> str:
    return f"{{{SPIRIT}}}{name}"


def _add(parent: ET.Element, name: str, /, **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, _tag(name))
    for key, value in attributes.items():
        element.set(_tag(key), value)
    return element


def _texts(parent: ET.Element, /, **texts: str) -> None:
    for name, text in texts.items():
        _add(parent, name).text = text


def _physical(prefix: str, names: Iterable[str]) -> dict[str, str]:
    """Return the ports of a bus by their logical names."""
    return {name: f"{prefix}_{name.lower()}" for name in names}


def _bus(
    buses: ET.Element,
    name: str,
    kind: str,
    mode: str,
    ports: Mapping[str, str],
    *,
    memory: str | None = None,
) -> ET.Element:
    domain = "signal" if kind in ("clock", "reset", "interrupt") else "interface"
    bus = _add(buses, "busInterface")
    _texts(bus, name=name)
    for element, suffix in (("busType", ""), ("abstractionType", "_rtl")):
        _add(
            bus,
            element,
            vendor="xilinx.com",
            library=domain,
            name=kind + suffix,
            version="1.0",
        )
    role = _add(bus, mode)
    if memory is not None:
        _add(role, "memoryMapRef", memoryMapRef=memory)
    maps = _add(bus, "portMaps")
    for logical, physical in ports.items():
        entry = _add(maps, "portMap")
        _texts(_add(entry, "logicalPort"), name=logical)
        _texts(_add(entry, "physicalPort"), name=physical)
    return bus


def _signal(
    buses: ET.Element, name: str, kind: str, mode: str, logical: str, values: Mapping[str, str]
) -> None:
    bus = _bus(buses, name, kind, mode, {logical: name})
    if not values:
        return
    parameters = _add(bus, "parameters")
    for key, value in values.items():
        parameter = _add(parameters, "parameter")
        _texts(parameter, name=key)
        entry = _add(parameter, "value", id=f"BUSIFPARAM_VALUE.{name.upper()}.{key}")
        entry.text = value


def _memory_map(maps: ET.Element) -> None:
    memory = _add(maps, "memoryMap")
    _texts(memory, name="s_axi")
    block = _add(memory, "addressBlock")
    _texts(
        block,
        name="reg0",
        baseAddress="0",
        range=str(REGISTERS_RANGE),
        width="32",
        usage="register",
    )


def _model(model: ET.Element, module: str, ports: Iterable[Port]) -> None:
    views = _add(model, "views")
    for name, environment, files in _VIEWS:
        view = _add(views, "view")
        _texts(view, name=name, envIdentifier=environment, language="Verilog", modelName=module)
        _texts(_add(view, "fileSetRef"), localName=files)
    entries = _add(model, "ports")
    for port in ports:
        entry = _add(entries, "port")
        _texts(entry, name=port.name)
        wire = _add(entry, "wire")
        _texts(wire, direction=port.direction)
        if port.vector:
            _texts(_add(wire, "vector"), left=str(port.width - 1), right="0")
        definition = _add(_add(wire, "wireTypeDefs"), "wireTypeDef")
        _texts(definition, typeName="wire")
        for name, _, _ in _VIEWS:
            _texts(definition, viewNameRef=name)


def _file_sets(sets: ET.Element, sources: Sequence[str]) -> None:
    for _, _, name in _VIEWS:
        entries = _add(sets, "fileSet")
        _texts(entries, name=name)
        for source in sources:
            # IP-XACT has no type for contents of memories; this is Vivado's own.
            kind = "userFileType" if source.endswith(".mem") else "fileType"
            value = "mem" if source.endswith(".mem") else "verilogSource"
            _texts(_add(entries, "file"), name=source, **{kind: value})
