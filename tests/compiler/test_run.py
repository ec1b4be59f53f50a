"""Running a build's images on a device."""

import json

import pytest

from sangi.compiler.report.report import REPORT
from sangi.compiler.run import run_build, shown
from sangi.runtime.errors import BuildError

from .reports import report_for


@pytest.mark.parametrize(
    ("device", "public"),
    [
        ("tcp:host:7420?token=secret", "tcp:host:7420?token=…"),
        ("tcp:host:7420?token=a-b_c&x=1", "tcp:host:7420?token=…&x=1"),
        ("uart:/dev/ttyUSB0?baud=3000000", "uart:/dev/ttyUSB0?baud=3000000"),
    ],
)
def test_a_token_is_never_shown(device, public):
    assert shown(device) == public


def test_a_place_for_the_outputs_is_looked_for_before_the_run(tmp_path):
    (tmp_path / REPORT).write_text(json.dumps(report_for("ulx3s_85f", "chip")))
    with pytest.raises(BuildError, match=r"y\.npz cannot be written: No such file"):
        run_build(tmp_path, "numpy:", tmp_path / "x.npz", out=tmp_path / "none" / "y.npz")
