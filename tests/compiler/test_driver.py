"""The driver's folder works alone, with NumPy and nothing else."""

import ast
import subprocess
import sys
import venv

import numpy as np
import pytest

from sangi.boards.load import load_board
from sangi.compiler.driver import write_driver
from sangi.runtime.host import execute
from sangi.runtime.store import PROGRAM_FILE, save_program

# The script, with what the compiler needs blocked, and not with the sangi that is installed.
ALONE = """
import sys
sys.modules.update(dict.fromkeys(["onnx", "amaranth", "serial", "networkx", "PIL"]))
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


def test_it_reads_a_picture_and_tests_itself(small, driver, tmp_path):
    pixels = np.random.default_rng(5).integers(0, 256, (5, 4, 2), dtype=np.uint8)
    np.save(tmp_path / "one.npy", pixels)
    arguments = [tmp_path / "one.npy", "--device", "numpy:", "--self-test"]
    done = subprocess.run(
        [sys.executable, "-c", ALONE, *arguments], cwd=driver, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    scores = execute(small.program, pixels[None])["scores"][0]
    assert "self test: 8 golden frames, all right" in done.stdout
    assert f"one.npy: scores: class {scores.argmax()} ({scores.max():g})" in done.stdout


def test_errors_have_one_line(driver):
    for arguments, message in (
        (["none.png"], "error: none.png: no such file"),
        (["--self-test", "--device", "abacus:"], "error: device must begin with one of"),
    ):
        command = [sys.executable, "-c", ALONE, "--device", "numpy:", *arguments]
        done = subprocess.run(command, cwd=driver, capture_output=True, text=True)
        assert done.returncode == 1
        assert done.stderr.startswith(message)
        assert done.stderr.count("\n") == 1


def test_an_old_python_is_told(driver):
    old = "import runpy, sys; sys.version_info = (3, 9, 18); runpy.run_path('infer.py')"
    done = subprocess.run([sys.executable, "-c", old], cwd=driver, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("error: Python must be at least 3.10, not 3.9;")
    ast.parse((driver / "infer.py").read_text(), feature_version=(3, 6))


@pytest.mark.slow
def test_it_works_in_a_fresh_environment(driver, tmp_path):
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", "numpy"], check=True)
    done = subprocess.run(
        [python, "infer.py", "--self-test", "--device", "numpy:"],
        cwd=driver,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "all right" in done.stdout


def test_it_runs_on_python_3_10(driver):
    for path in driver.rglob("*.py"):
        ast.parse(path.read_text(), feature_version=(3, 10))


def test_the_board_is_the_default_device(driver):
    assert "uart:/dev/ttyUSB0?baud=3000000" in (driver / "infer.py").read_text()
