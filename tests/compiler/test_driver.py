"""The driver's folder works alone, with NumPy and nothing else."""

import ast
import subprocess
import sys

import numpy as np
import pytest

from sangi.boards.load import load_board
from sangi.compiler.driver import write_driver
from sangi.runtime.host import execute
from sangi.runtime.store import PROGRAM_FILE, save_program

# The script, with what the compiler needs blocked, and not with the sangi that is installed.
ALONE = """
import sys
sys.modules.update(dict.fromkeys(["onnx", "amaranth", "serial", "networkx"]))
sys.path.insert(0, ".")
import sangi
assert not hasattr(sangi, "__version__"), sangi.__file__
import infer
infer.main()
"""


@pytest.fixture
def driver(small, tmp_path):
    build = tmp_path / "build"
    build.mkdir()
    save_program(small.program, build / PROGRAM_FILE)
    return write_driver(load_board("ulx3s_85f"), build).rename(tmp_path / "alone")


def test_it_infers_where_it_is_copied_to(small, driver, tmp_path):
    images = np.random.default_rng(4).integers(0, 256, (5, 5, 4, 2), dtype=np.uint8)
    np.savez(tmp_path / "images.npz", x=images)
    arguments = [tmp_path / "images.npz", "--device", "numpy:", "--out", tmp_path / "out.npz"]
    done = subprocess.run(
        [sys.executable, "-c", ALONE, *arguments], cwd=driver, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "out.npz") as outputs:
        want = execute(small.program, images)["scores"]
        np.testing.assert_array_equal(outputs["scores"], want)


def test_it_runs_on_python_3_10(driver):
    for path in driver.rglob("*.py"):
        ast.parse(path.read_text(), feature_version=(3, 10))


def test_the_board_is_the_default_device(driver):
    assert "uart:/dev/ttyUSB0?baud=3000000" in (driver / "infer.py").read_text()
