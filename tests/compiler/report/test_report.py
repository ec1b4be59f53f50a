"""Reading a build's report again."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sangi.compiler.mapping.design import Design
from sangi.compiler.report.report import REPORT, SCHEMA, make_report, read_report, write_report
from sangi.runtime.errors import BuildError


def test_what_was_written_is_read(small: Design, tmp_path: Path) -> None:
    report = make_report(small, ["read"])
    write_report(tmp_path, report)
    assert read_report(tmp_path) == report


def test_a_report_of_nothing_but_a_schema_is_damaged(tmp_path: Path) -> None:
    (tmp_path / REPORT).write_text(json.dumps({"schema": SCHEMA}))
    message = (
        f"{tmp_path / REPORT} must be an undamaged report, not one whose model is null; "
        "compile again"
    )
    with pytest.raises(BuildError, match=f"^{re.escape(message)}$"):
        read_report(tmp_path)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda report: report.update(fps="fast"), 'fps is "fast"'),
        (lambda report: report.update(board=["ulx3s_85f"]), 'board is ["ulx3s_85f"]'),
        (lambda report: report.update(resources=7), "resources.lut.used is null"),
        (lambda report: report["resources"].pop("dsp"), "resources.dsp.used is null"),
        (lambda report: report["resources"]["ff"].update(source=1), "resources.ff.source is 1"),
    ],
)
def test_damage_is_named(
    small: Design, tmp_path: Path, change: Callable[[dict[str, Any]], object], named: str
) -> None:
    report = make_report(small, [])
    change(report)
    write_report(tmp_path, report)
    with pytest.raises(BuildError, match=re.escape(f"not one whose {named}; compile again")):
        read_report(tmp_path)
