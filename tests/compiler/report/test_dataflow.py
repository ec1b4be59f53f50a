"""``dataflow`` of report.json."""

from sangi.boards.load import load_board
from sangi.compiler.mapping.mapper import map_program
from sangi.compiler.mapping.wishes import Wishes
from sangi.compiler.report.dataflow import dataflow

from ..mapping.programs import digits


def test_the_report_names_the_slowest_unit_and_every_stream() -> None:
    wishes = Wishes(engines=("folded",))
    design = map_program(digits(), load_board("ulx3s_85f"), target_fps=2000.0, wishes=wishes)
    found = dataflow(design)
    assert found["interval"] == design.cycles_per_frame
    assert found["latency"] == design.latency_cycles
    slowest = max(design.units, key=lambda unit: unit.params.cycles)
    assert found["bottleneck"]["unit"] == slowest.name
    assert found["bottleneck"]["work_share"] == 1.0
    assert [entry["name"] for entry in found["streams"]] == [s.name for s in design.streams]
    for entry in found["streams"]:
        assert 0 <= entry["stall_share"] <= 1
        assert 0 <= entry["starve_share"] <= 1
        assert entry["most"] <= entry["depth"]
    assert any(entry["starve_share"] > 0 for entry in found["streams"])
