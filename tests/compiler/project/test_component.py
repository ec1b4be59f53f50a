"""``component.xml`` against the names of IP-XACT (IEEE 1685-2009, schema ``index.xsd``)."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from sangi.compiler.project.vivado.component import SPIRIT, XILINX, component_xml
from sangi.compiler.project.vivado.ports import Port
from sangi.runtime.errors import ToolError

# Of every element what may stand in it, in the schema's order. Names of bodies that consist of
# values only are left out.
CHILDREN = {
    "component": (
        *("vendor", "library", "name", "version", "busInterfaces", "channels", "remapStates"),
        *("addressSpaces", "memoryMaps", "model", "componentGenerators", "choices", "fileSets"),
        *("whiteboxElements", "cpus", "otherClockDrivers", "description", "parameters"),
        "vendorExtensions",
    ),
    "busInterfaces": ("busInterface",),
    "busInterface": (
        *("name", "displayName", "description", "busType", "abstractionType", "master", "slave"),
        *("system", "monitor", "connectionRequired", "portMaps", "bitsInLau", "bitSteering"),
        *("endianness", "parameters", "vendorExtensions"),
    ),
    "slave": ("memoryMapRef", "bridge", "fileSetRefGroup"),
    "master": ("addressSpaceRef",),
    "portMaps": ("portMap",),
    "portMap": ("logicalPort", "physicalPort"),
    "logicalPort": ("name", "vector"),
    "physicalPort": ("name", "vector"),
    "memoryMaps": ("memoryMap",),
    "memoryMap": ("name", "displayName", "description", "addressBlock", "addressUnitBits"),
    "addressBlock": (
        *("name", "displayName", "description", "baseAddress", "typeIdentifier", "range", "width"),
        *("usage", "volatile", "access", "parameters", "register"),
    ),
    "model": ("views", "ports", "modelParameters"),
    "views": ("view",),
    "view": (
        *("name", "displayName", "description", "envIdentifier", "language", "modelName"),
        *("defaultConfigurationRef", "fileSetRef", "parameters"),
    ),
    "fileSetRef": ("localName",),
    "ports": ("port",),
    "port": ("name", "displayName", "description", "wire", "vendorExtensions"),
    "wire": ("direction", "vector", "wireTypeDefs", "driver", "constraintSets"),
    "vector": ("left", "right"),
    "wireTypeDefs": ("wireTypeDef",),
    "wireTypeDef": ("typeName", "typeDefinition", "viewNameRef"),
    "fileSets": ("fileSet",),
    "fileSet": ("name", "displayName", "description", "group", "file", "defaultFileBuilder"),
    "file": ("name", "fileType", "userFileType", "isIncludeFile", "logicalName"),
    "parameters": ("parameter",),
    "parameter": ("name", "displayName", "description", "value"),
}
REQUIRED = {
    "component": {"vendor", "library", "name", "version"},
    "busInterface": {"name", "busType"},
    "portMap": {"logicalPort", "physicalPort"},
    "addressBlock": {"name", "baseAddress", "range", "width"},
    "view": {"name", "envIdentifier"},
    "port": {"name", "wire"},
    "wire": {"direction"},
    "file": {"name"},
    "parameter": {"name", "value"},
}
ATTRIBUTES = {
    "busType": {"vendor", "library", "name", "version"},
    "abstractionType": {"vendor", "library", "name", "version"},
    "memoryMapRef": {"memoryMapRef"},
    "value": {"id"},
}
VALUES = {
    "direction": {"in", "out", "inout", "phantom"},
    "usage": {"memory", "register", "reserved"},
    "fileType": {"verilogSource", "vhdlSource", "tclSource", "unknown"},
}
STREAM = {"tdata": 16, "tkeep": 2, "tlast": 1, "tvalid": 1, "tready": 1}
LITE = {
    **{"awaddr": 8, "awprot": 3, "awvalid": 1, "awready": 1, "wdata": 32, "wstrb": 4},
    **{"wvalid": 1, "wready": 1, "bresp": 2, "bvalid": 1, "bready": 1, "araddr": 8},
    **{"arprot": 3, "arvalid": 1, "arready": 1, "rdata": 32, "rresp": 2, "rvalid": 1, "rready": 1},
}
WIDTHS = {
    **{"aclk": 1, "aresetn": 1, "core_clk": 1, "interrupt": 1},
    **{f"s_axis_{name}": width for name, width in STREAM.items()},
    **{f"m_axis_{name}": width for name, width in STREAM.items()},
    **{f"s_axi_{name}": width for name, width in LITE.items()},
}
PORTS = {name: Port(name, "in", width, width > 1) for name, width in WIDTHS.items()}


def faults(element: ET.Element, namespace: str = f"{{{SPIRIT}}}") -> list[str]:
    """Return what the schema does not know in an element and below."""
    name = element.tag.removeprefix(namespace)
    if name == "vendorExtensions":
        # Anything, in a namespace of its own.
        return [child.tag for child in element if not child.tag.startswith(f"{{{XILINX}}}")]
    found = [
        f"{name}@{key}"
        for key in element.attrib
        if key.removeprefix(namespace) not in ATTRIBUTES.get(name, set())
    ]
    children = [child.tag.removeprefix(namespace) for child in element]
    allowed = CHILDREN.get(name, ())
    found += [f"{name}/{child}" for child in children if child not in allowed]
    known = [allowed.index(child) for child in children if child in allowed]
    if known != sorted(known):
        found.append(f"{name}: order of {children}")
    found += [f"{name} lacks {child}" for child in REQUIRED.get(name, set()) - set(children)]
    if name in VALUES and element.text not in VALUES[name]:
        found.append(f"{name} is {element.text}")
    if not children and not element.attrib and not (element.text or "").strip() and not allowed:
        found.append(f"{name} is empty")
    for child in element:
        found += faults(child, namespace)
    return found


def described(sources: list[str]) -> ET.Element:
    return ET.fromstring(component_xml("axi_shell", PORTS, sources).encode())


def test_every_name_is_ip_xacts_and_in_its_order():
    assert faults(described(["core__weights.mem", "core.v", "axi_shell.v"])) == []


@pytest.mark.parametrize(
    ("place", "name", "fault"),
    [
        ("fileSets/fileSet", "files", "fileSet/files"),
        ("model/views/view", "name", "view: order of"),
        ("busInterfaces/busInterface/busType", "name", "busType/name"),
    ],
)
def test_what_the_schema_does_not_know_is_found(place, name, fault):
    root = described(["axi_shell.v"])
    path = "/".join(f"{{{SPIRIT}}}{part}" for part in place.split("/"))
    ET.SubElement(next(root.iterfind(path)), f"{{{SPIRIT}}}{name}").text = "x"
    assert any(found.startswith(fault) for found in faults(root))


def test_references_lead_somewhere():
    root = described(["axi_shell.v"])
    spirit = {"s": SPIRIT}
    maps = {e.text for e in root.iterfind("s:memoryMaps/s:memoryMap/s:name", spirit)}
    used = {e.get(f"{{{SPIRIT}}}memoryMapRef") for e in root.iterfind(".//s:memoryMapRef", spirit)}
    assert used == maps
    views = {e.text for e in root.iterfind("s:model/s:views/s:view/s:name", spirit)}
    assert {e.text for e in root.iterfind(".//s:viewNameRef", spirit)} == views
    buses = {e.text for e in root.iterfind("s:busInterfaces/s:busInterface/s:name", spirit)}
    parameters = {
        entry.findtext("s:name", None, spirit): entry.findtext("s:value", None, spirit)
        for entry in root.iterfind(".//s:busInterface/s:parameters/s:parameter", spirit)
    }
    assert set(str(parameters["ASSOCIATED_BUSIF"]).split(":")) <= buses
    assert parameters["ASSOCIATED_RESET"] in buses
    values = [e.get(f"{{{SPIRIT}}}id") for e in root.iterfind(".//s:value[@s:id]", spirit)]
    assert len(values) == len(set(values))


def test_a_port_of_a_bus_that_is_missing_is_named():
    ports = {name: port for name, port in PORTS.items() if name != "s_axi_wstrb"}
    with pytest.raises(ToolError, match="axi_shell lacks the ports s_axi_wstrb"):
        component_xml("axi_shell", ports, [])
