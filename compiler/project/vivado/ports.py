"""The ports of a module, read from Verilog that this project has written."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ....runtime.errors import ToolError

_PORT = re.compile(
    r"^\s*(input|output)\s+(?:(?:wire|reg)\s+)?(?:\[(\d+):0\]\s*)?([A-Za-z_]\w*)\s*[;,]?\s*$",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Port:
    """A port of a module.

    Attributes
    ----------
    name : str
    direction : str
        ``in`` or ``out``.
    width : int
        Bits.
    vector : bool
        Whether it is declared with a range.
    """

    name: str
    direction: str
    width: int
    vector: bool


def read_ports(verilog: str, module: str) -> dict[str, Port]:
    """Return the ports of a module by name, in the order of their declarations.

    Parameters
    ----------
    verilog : str
        With a declaration on a line of its own for every port.
    module : str

    Raises
    ------
    ToolError
        If the module is not there.
    """
    found = re.search(rf"^module {re.escape(module)}\b.*?^endmodule", verilog, re.M | re.S)
    if found is None:
        raise ToolError(f"the Verilog of the shell holds no module {module}")
    return {
        name: Port(name, direction.removesuffix("put"), int(high or 0) + 1, bool(high))
        for direction, high, name in _PORT.findall(found.group())
    }
