"""The driver's folder works alone, with NumPy and nothing else."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

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


def interpreter(version: str) -> Path:
    """Return a Python of this version, on PATH or beside this one; skip where there is none."""
    name = f"python{version}"
    beside = sorted(Path(sys.base_prefix).parent.glob(f"*{version}*/bin/{name}"))
    for found in (shutil.which(name), *beside):
        command = [found, "-c", "import ensurepip, venv"]
        if found and subprocess.run(command, capture_output=True).returncode == 0:
            return Path(found)
    pytest.skip(f"needs {name} with venv")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("version", "numpy"),
    [("3.10", "numpy==1.23.*"), (f"{sys.version_info[0]}.{sys.version_info[1]}", "numpy")],
)
def test_it_works_in_a_fresh_environment(small, driver, tmp_path, version, numpy):
    environment, images = tmp_path / "venv", tmp_path / "images.npz"
    subprocess.run([interpreter(version), "-m", "venv", environment], check=True)
    pip = [environment / "bin" / "python", "-m", "pip"]
    subprocess.run([*pip, "install", "-q", numpy], check=True)
    listed = subprocess.run([*pip, "list", "--format=freeze"], capture_output=True, text=True)
    own = {line.split("==")[0] for line in listed.stdout.split()} - {"pip", "setuptools"}
    assert own == {"numpy"}
    x = np.random.default_rng(6).integers(0, 256, (70, 5, 4, 2), dtype=np.uint8)
    np.savez(images, x=x)
    out = tmp_path / "out.npz"
    arguments = [images, "--self-test", "--device", "numpy:", "--out", out]
    done = subprocess.run(
        [environment / "bin" / "python", "-I", "-W", "error", "infer.py", *arguments],
        cwd=driver,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "self test: 8 golden frames, all right" in done.stdout
    with np.load(out) as outputs:
        np.testing.assert_array_equal(outputs["scores"], execute(small.program, x)["scores"])


@pytest.mark.slow
@pytest.mark.parametrize("version", ["3.8", "3.9"])
def test_a_python_that_is_too_old_is_told(driver, version):
    command = [interpreter(version), "infer.py", "--self-test"]
    done = subprocess.run(command, cwd=driver, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"error: Python must be at least 3.10, not {version};")
    assert done.stderr.count("\n") == 1


def test_it_runs_on_python_3_10(driver):
    for path in driver.rglob("*.py"):
        ast.parse(path.read_text(), feature_version=(3, 10))


@pytest.mark.parametrize(
    ("board", "device"),
    [
        ("ulx3s_85f", "uart:/dev/ttyUSB0?baud=3000000"),
        ("pynq_z2", "pynq:"),
        ("kv260", "pynq:"),
    ],
)
def test_the_board_is_the_default_device(small, tmp_path, board, device):
    save_program(small.program, tmp_path / PROGRAM_FILE)
    folder = write_driver(load_board(board), tmp_path)
    assert f'default="{device}"' in (folder / "infer.py").read_text()
