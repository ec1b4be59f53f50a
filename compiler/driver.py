"""What a board's own computer needs: the runtime, the program and a script; NumPy is enough."""

from __future__ import annotations

import shutil
from pathlib import Path

import jinja2

from ..boards.board import Board
from ..runtime.store import PROGRAM_FILE

_RUNTIME = Path(__file__).parents[1] / "runtime"

_SCRIPT = '''\
"""Run images on the circuit: python infer.py images.npz [--device URL] [--out FILE.npz]."""

import argparse
from pathlib import Path

import numpy as np

from sangi.runtime.devices.accelerator import Accelerator
from sangi.runtime.errors import SangiError

HERE = Path(__file__).resolve().parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", help=".npz with x: (N, H, W, C), (N, H, W) or (N, features)")
    parser.add_argument("--device", default="{{ device }}", help="where the circuit is")
    parser.add_argument("--out", help=".npz for the outputs, an array each")
    options = parser.parse_args()
    with np.load(options.images) as file:
        images = file["x"]
    try:
        with Accelerator.open(options.device, HERE) as accelerator:
            outputs = accelerator.infer(images)
            print(accelerator.counters())
    except SangiError as error:
        raise SystemExit(f"error: {error}")
    for name, values in outputs.items():
        print(name, values.shape)
    if options.out:
        np.savez(options.out, **outputs)


if __name__ == "__main__":
    main()
'''


def write_driver(board: Board, build: Path) -> Path:
    """Write ``driver/`` of a build.

    It runs on Python 3.10 and later, from any place it is copied to.

    Parameters
    ----------
    board : Board
        Its serial line is the script's default device; the reference, where it has none.
    build : Path
        Holds ``program.sangi`` already.

    Returns
    -------
    Path
        The driver's folder.
    """
    folder = build / "driver"
    package = folder / "sangi"
    for source in sorted(_RUNTIME.rglob("*.py")):
        target = package / "runtime" / source.relative_to(_RUNTIME)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    _write(package / "__init__.py", '"""The part of sangi that a board needs."""\n')
    _write(folder / "infer.py", _script(board))
    shutil.copyfile(build / PROGRAM_FILE, folder / PROGRAM_FILE)
    return folder


def _script(board: Board) -> str:
    device = "numpy:"
    if board.shell == "uart" and "uart" in board.settings:
        device = f"uart:/dev/ttyUSB0?baud={board.settings['uart']['baud']}"
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    return environment.from_string(_SCRIPT).render(device=device)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
