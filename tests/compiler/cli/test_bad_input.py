"""Bad input: one readable message that names what and where, exit code 1, nothing left behind."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from sangi.boards.load import list_boards

DIGITS = Path(__file__).parents[3] / "examples" / "digits"
MODEL = DIGITS / "digits_int8.onnx"
Command = Callable[..., subprocess.CompletedProcess[str]]


def refused(
    run_sangi: Command, folder: Path, model: Path, *options: object, board: str = "ulx3s_85f"
) -> str:
    """Compile, expect exit code 1 and no trace of it, and return the message."""
    before = sorted(folder.rglob("*"))
    done = run_sangi("compile", model, "--board", board, "-o", folder / "new" / "build", *options)
    assert done.returncode == 1, (done.stdout, done.stderr)
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert sorted(folder.rglob("*")) == before
    return done.stderr[done.stderr.index("error: ") + len("error: ") :].removesuffix("\n")


def network(*nodes: onnx.NodeProto, channels: int = 1, weight: float = 0.5) -> onnx.ModelProto:
    """A float network on 8×8 frames: a convolution named ``first``, then ``nodes``."""
    weights = np.full((channels, 1, 3, 3), weight, np.float32)
    conv = helper.make_node("Conv", ["x", "w"], ["t0"], name="first", pads=[1] * 4)
    shape = ["N", 1, 8, 8]
    last = nodes[-1].output[0] if nodes else "t0"
    graph = helper.make_graph(
        [conv, *nodes],
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(last, TensorProto.FLOAT, None)],
        [numpy_helper.from_array(weights, "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def saved(model: onnx.ModelProto, folder: Path) -> Path:
    path = folder / "net.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def images(folder: Path, **arrays: np.ndarray) -> Path:
    path = folder / "images.npz"
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize("content", [b"this is not ONNX", MODEL.read_bytes()[:5000]])
def test_a_file_that_is_not_onnx_or_truncated(
    tmp_path: Path, run_sangi: Command, content: bytes
) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(content)
    message = refused(run_sangi, tmp_path, path)
    assert message == f"{path} must be an ONNX model; this file is not one, or it is truncated"


def test_an_empty_file(tmp_path: Path, run_sangi: Command) -> None:
    path = tmp_path / "net.onnx"
    path.touch()
    message = refused(run_sangi, tmp_path, path)
    assert message == f"{path} must be an ONNX model, not an empty file"


def test_a_float_model_without_data(tmp_path: Path, run_sangi: Command) -> None:
    message = refused(run_sangi, tmp_path, saved(network(), tmp_path))
    assert "--data" in message
    assert "net" in message


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (np.zeros((4, 9, 8), np.uint8), "(4, 9, 8)"),
        (np.zeros((4, 8, 8)), "x must be uint8 or float32, not float64"),
        (np.zeros((4, 8, 8), np.int32), "x must be uint8 or float32, not int32"),
    ],
)
def test_calibration_images_of_a_wrong_shape_or_dtype(
    tmp_path: Path, run_sangi: Command, x: np.ndarray, said: str
) -> None:
    data = images(tmp_path, x=x)
    message = refused(run_sangi, tmp_path, saved(network(), tmp_path), "--data", data)
    assert said in message


def test_an_unknown_board(tmp_path: Path, run_sangi: Command) -> None:
    message = refused(run_sangi, tmp_path, MODEL, board="ulx4s")
    assert message == (
        f"board must be one of {', '.join(list_boards())}, "
        "or a file that ends in .toml, not 'ulx4s'"
    )


def test_a_network_too_large_for_the_board(tmp_path: Path, run_sangi: Command) -> None:
    board = tmp_path / "small.toml"
    board.write_text(
        'title = "Small"\npart = "none"\nfamily = "ice40"\nclock_mhz = 12.0\n'
        "[resources]\nlut = 500\nff = 500\nbram = 2\ndsp = 1\n"
    )
    message = refused(run_sangi, tmp_path, MODEL, board=str(board))
    # What it needs, what there is, and the largest layers.
    assert "small" in message
    assert "500" in message
    assert "conv" in message


def test_an_unsupported_op(tmp_path: Path, run_sangi: Command) -> None:
    model = network(helper.make_node("Gelu", ["t0"], ["y"], name="strange"))
    model.opset_import[0].version = 20
    message = refused(run_sangi, tmp_path, saved(model, tmp_path))
    assert "Gelu 'strange': op type Gelu is not supported" in message
    assert "supported op types: Add, " in message


def test_an_output_folder_that_cannot_be_written(tmp_path: Path, run_sangi: Command) -> None:
    (tmp_path / "new").write_text("a file stands in the way")
    message = refused(run_sangi, tmp_path, MODEL)
    place = tmp_path / "new" / "build"
    assert message == (
        f"output folder {place} cannot be written: Not a directory; choose another place"
    )


def test_an_output_folder_that_is_not_ours(tmp_path: Path, run_sangi: Command) -> None:
    build = tmp_path / "new" / "build"
    build.mkdir(parents=True)
    (build / "precious.txt").write_text("mine")
    message = refused(run_sangi, tmp_path, MODEL)
    assert message == (
        f"output folder {build} must be new or hold a report.json of sangi, and it exists without "
        "one; nothing was changed there: choose another folder with -o"
    )


def test_nan_in_weights(tmp_path: Path, run_sangi: Command) -> None:
    model = saved(network(weight=float("nan")), tmp_path)
    data = images(tmp_path, x=np.zeros((4, 8, 8), np.uint8))
    message = refused(run_sangi, tmp_path, model, "--data", data)
    assert "  Conv 'first': initializer 'w' must hold finite numbers, not nan" in message


def test_a_bitstream_for_a_budget(tmp_path: Path, run_sangi: Command) -> None:
    board = tmp_path / "chip.toml"
    board.write_text(
        'title = "Chip"\npart = "none"\nfamily = "xc7"\nclock_mhz = 12.0\n'
        "[resources]\nlut = 50000\nff = 50000\nbram = 200\ndsp = 100\n"
    )
    message = refused(run_sangi, tmp_path, MODEL, "--bitstream", board=str(board))
    assert message == (
        "a bitstream needs a board with a tool, and chip is only a budget so far; "
        "leave --bitstream out"
    )


def test_images_that_do_not_fit_the_build(
    tmp_path: Path, run_sangi: Command, tiny_build: Path
) -> None:
    wrong = images(tmp_path, x=np.zeros((2, 8, 9), np.uint8))
    before = sorted(tiny_build.rglob("*"))
    for command in (
        ("run", tiny_build, "--device", "numpy:", "--images", wrong),
        ("simulate", tiny_build, "--images", wrong),
    ):
        done = run_sangi(*command)
        assert done.returncode == 1, done.stderr
        assert done.stderr.endswith("error: images must have shape (N, 8, 8, 1), not (2, 8, 9)\n")
    assert sorted(tiny_build.rglob("*")) == before


def test_a_folder_that_is_no_build(tmp_path: Path, run_sangi: Command) -> None:
    done = run_sangi("run", tmp_path, "--device", "numpy:", "--images", DIGITS / "images.npz")
    assert done.returncode == 1
    assert f"{tmp_path} must be a folder that `sangi compile` wrote" in done.stderr


@pytest.mark.parametrize("device", ["nonsense", "nonsense:"])
def test_an_unknown_device(run_sangi: Command, tiny_build: Path, device: str) -> None:
    done = run_sangi("run", tiny_build, "--device", device, "--images", DIGITS / "images.npz")
    assert done.returncode == 1
    assert "error: device must be" in done.stderr
