"""The video example: what the network sees, what is drawn, and a run from end to end."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import sangi
from sangi.runtime.host import execute
from sangi.runtime.images.png import decode_png
from sangi.runtime.store import PROGRAM_FILE, load_program, save_program

EXAMPLES = Path(__file__).parents[2] / "examples"
DIGITS = EXAMPLES / "digits" / "images.npz"
VIDEO = EXAMPLES / "video" / "video.py"
MODULES = ("picture", "source", "video")


@pytest.fixture
def video(monkeypatch) -> Iterator[None]:
    """Let the example's own modules be imported by their names, and forget them."""
    monkeypatch.syspath_prepend(str(VIDEO.parent))
    yield
    for name in MODULES:
        sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def build(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("build")
    save_program(sangi.load(EXAMPLES / "digits" / "digits_tiny.onnx"), folder / PROGRAM_FILE)
    return folder


def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, VIDEO, *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )


def labels(output: str) -> list[str]:
    """What was shown of each frame, in order."""
    shown = re.findall(r"^(\d+) frames, +[\d.]+/s +(.*?) *$", output, re.MULTILINE)
    assert [int(number) for number, _ in shown] == list(range(1, len(shown) + 1))
    return [text for _, text in shown]


def expected(build: Path, count: int) -> list[str]:
    """What the reference says of the generated frames."""
    from picture import view
    from source import generated

    with np.load(DIGITS) as file:
        frames = islice(generated(file["x"]), count)
        seen = np.stack([view(frame, (8, 8, 1), 16) for frame in frames])
    (scores,) = execute(load_program(build / PROGRAM_FILE), seen).values()
    return [f"class {best}" for best in scores.argmax(axis=1)]


def test_a_resting_digit_is_seen_as_it_is(video):
    from picture import view
    from source import REST, generated

    digits = np.load(DIGITS)["x"][:4]
    seen = [view(frame, (8, 8, 1), 16)[..., 0] for frame in islice(generated(digits), 100)]
    for digit in digits:
        assert sum(np.array_equal(each, digit) for each in seen) == REST


@pytest.mark.parametrize("size", [(16, 16), (32, 20), (7, 48), (48, 48)])
def test_the_view_is_the_average_of_its_parts(video, size):
    from picture import view

    picture = np.random.default_rng(1).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    # Every pixel as so many equal ones that the parts are whole pixels.
    fine = picture[:, 8:56].repeat(size[0], axis=0).repeat(size[1], axis=1)
    want = fine.reshape(size[0], 48, size[1], 48, 3).mean(axis=(1, 3))
    # A mean may lie on a tie, to the last bits of float arithmetic.
    assert np.abs(view(picture, (*size, 3), 255) - want).max() <= 0.5 + 1e-9


def test_labelled_pictures_are_png_files(video, tmp_path):
    from picture import labelled, write_png

    picture = np.random.default_rng(2).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    marked = labelled(picture, "class 7, é")
    write_png(marked, tmp_path / "a.png")
    np.testing.assert_array_equal(decode_png((tmp_path / "a.png").read_bytes()), marked)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "a.png")), marked)
    np.testing.assert_array_equal(marked[:, :15], picture[:, :15])
    assert (marked[20:59, 16:74] == picture[20:59, 16:74]).all()
    assert (marked[3:9, 17:74] != picture[3:9, 17:74]).any()


def test_frames_are_shown_and_written(video, build, tmp_path):
    names = tmp_path / "names.txt"
    names.write_text("\n".join(f"class {number}" for number in range(10)))
    done = run(
        *("--build", build, "--device", "numpy:", "--frames", 70, "--white", 16),
        *("--out", tmp_path / "out", "--names", names),
    )
    assert done.returncode == 0, done.stderr
    assert labels(done.stdout) == expected(build, 70)
    assert "\n70 frames in " in done.stdout
    files = sorted((tmp_path / "out").iterdir())
    assert [file.name for file in files] == [f"{number:06}.png" for number in range(70)]
    assert decode_png(files[-1].read_bytes()).shape == (240, 320, 3)


def test_a_file_is_read_by_imageio(video, build, tmp_path):
    pytest.importorskip("imageio", reason="needs imageio: pip install -e '.[test]'")
    from source import generated

    with np.load(DIGITS) as file:
        frames = [Image.fromarray(frame) for frame in islice(generated(file["x"]), 40)]
    path = tmp_path / "digits.gif"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=40)
    # OpenCV would be taken first; whether it reads this format is its own affair.
    (tmp_path / "cv2.py").write_text("raise ImportError")
    arguments = (path, "--build", build, "--device", "numpy:", "--white", 16)
    done = run(*arguments, PYTHONPATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    # Equal frames, one after the other, are one frame of a GIF.
    shown = labels(done.stdout)
    assert 0 < len(shown) <= 40
    assert set(shown) == set(expected(build, 40))


def test_a_file_is_read_by_opencv(video, build, tmp_path):
    cv2 = pytest.importorskip("cv2", reason="needs OpenCV: pip install opencv-python-headless")
    from source import generated

    path = tmp_path / "digits.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 25, (320, 240))
    with np.load(DIGITS) as file:
        for frame in islice(generated(file["x"]), 30):
            writer.write(frame)  # grey: the order of the colours does not matter
    writer.release()
    done = run(path, "--build", build, "--device", "numpy:", "--white", 16)
    assert done.returncode == 0, done.stderr
    assert len(labels(done.stdout)) == 30


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "error: the generated video has no end; give --frames N\n"),
        (["nothing.mp4"], "error: nothing.mp4: no such file\n"),
        (["--frames", "1", "--device", "abacus:"], "error: device must begin with one of "),
    ],
)
def test_errors_have_one_line(build, arguments, message):
    done = run(*arguments, "--build", build)
    assert done.returncode == 1
    assert done.stderr.startswith(message)
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
@pytest.mark.ci
@pytest.mark.parametrize("board", ["pynq_z2", "ulx3s_85f"])
def test_the_simulated_circuit_labels_the_same(video, tmp_path, board):
    build = tmp_path / "build"
    sangi.compile(EXAMPLES / "digits" / "digits_tiny.onnx", board, out=build)
    done = run("--build", build, "--frames", 100, "--white", 16, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert labels(done.stdout) == expected(build, 100)
    assert "the circuit: " in done.stdout
    assert len(list((tmp_path / "out").iterdir())) == 100
