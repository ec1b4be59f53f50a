"""ONNX Runtime leaves nothing in the home folder."""

import os
import subprocess
import sys
from pathlib import Path


def test_nothing_is_written_to_the_home_folder(tmp_path: Path) -> None:
    code = (
        "from sangi.compiler.execute.runtime import quiet_onnxruntime\n"
        "print(quiet_onnxruntime().InferenceSession.__name__)"
    )
    environment = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"}
    # Without what makes it silent by itself.
    environment.pop("CI", None)
    environment |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "InferenceSession\n"
    assert list(tmp_path.iterdir()) == []
