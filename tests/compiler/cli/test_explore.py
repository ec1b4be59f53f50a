"""``sangi explore``, and the options of ``compile`` that narrow the mapping's choice."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

DIGITS = Path(__file__).parents[3] / "examples" / "digits"
TINY = DIGITS / "digits_tiny.onnx"
Command = Callable[..., subprocess.CompletedProcess[str]]


def test_table_plot_and_json_under_two_hash_seeds(tmp_path: Path, run_sangi: Command) -> None:
    pictures, documents = [], []
    for seed in ("1", "2"):
        picture = tmp_path / f"{seed}.png"
        done = run_sangi(
            *("explore", TINY, "--board", "icebreaker", "--points", 4, "--json", "-o", picture),
            PYTHONHASHSEED=seed,
        )
        assert done.returncode == 0, done.stderr
        documents.append(done.stdout)
        pictures.append(picture.read_bytes())
    assert documents[0] == documents[1]
    assert pictures[0] == pictures[1]
    document = json.loads(documents[0])
    assert document["schema"] == "sangi.explore/1"
    assert document["points"]


def test_the_table_shows_rates_engines_and_the_best_engine_alone(
    tmp_path: Path, run_sangi: Command
) -> None:
    picture = tmp_path / "frontier.svg"
    done = run_sangi("explore", TINY, "--board", "icebreaker", "--points", 3, "-o", picture)
    assert done.returncode == 0, done.stderr
    assert "digits_tiny on icebreaker" in done.stdout
    assert "best engine alone: for all layers that it can compute and that --layers" in done.stdout
    assert "folded" in done.stdout
    assert done.stdout.endswith(f"written: {picture}\n")


@pytest.mark.parametrize(
    ("command", "options", "message"),
    [
        ("explore", ("--engine", "bent"), "--engine: must be one of folded, grouped, skipping"),
        ("explore", ("--max-lut", "many"), "--max-lut: must be a number of cells"),
        ("explore", ("--points", "1"), "--points"),
        ("explore", ("-o", "a.pdf"), "must end in .png or .svg"),
        ("explore", ("--clock-mhz", "0"), "clock_mhz must be a number above 0, not 0.0"),
        ("explore", ("--max-ff", "99999"), "must be at most the 5280 FF of icebreaker, not 99999"),
        ("compile", ("--max-dsp", "9"), "must be at most the 8 DSP of icebreaker, not 9"),
        ("compile", ("--layers", "none.toml"), "none.toml"),
        ("compile", ("--layers", "layers.toml"), "layer must be one of"),
    ],
)
def test_wrong_wishes_exit_with_2(
    tmp_path: Path, run_sangi: Command, command: str, options: tuple[str, ...], message: str
) -> None:
    (tmp_path / "layers.toml").write_text("[layers.nowhere]\npe = 1\n")
    out = ("-o", "build") if command == "compile" else ()
    done = run_sangi(command, TINY, "--board", "icebreaker", *out, *options, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert message in " ".join(done.stderr.replace("│", "").split())
    assert [path.name for path in tmp_path.iterdir()] == ["layers.toml"]


def test_a_plot_without_a_place_is_refused_before_the_search(
    tmp_path: Path, run_sangi: Command
) -> None:
    picture = tmp_path / "none" / "x.png"
    done = run_sangi("explore", TINY, "--board", "icebreaker", "-o", picture)
    assert (done.returncode, done.stdout) == (1, "")
    # No step was begun.
    assert done.stderr == (
        f"error: output file {picture} cannot be written: No such file or directory; "
        "choose another place\n"
    )


def test_compile_takes_wishes_and_reports_its_choices(tmp_path: Path, run_sangi: Command) -> None:
    table = run_sangi("explore", TINY, "--board", "icebreaker", "--points", 2, "--json").stdout
    first = json.loads(table)["points"][0]["layers"][0]["node"]
    layers = tmp_path / "layers.toml"
    layers.write_text(f'[layers."{first}"]\nengine = "folded"\npe = 1\nweight_style = "block"\n')
    done = run_sangi(
        *("compile", TINY, "--board", "icebreaker", "-o", tmp_path / "b", "--target-fps", 100),
        *("--engine", "folded", "--engine", "skipping", "--max-dsp", "50%", "--layers", layers),
    )
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "b" / "report.json").read_text())
    assert report["resources"]["dsp"]["used"] <= 4
    fixed = next(layer for layer in report["layers"] if layer["node"] == first)
    assert fixed["engine"] == "folded"
    assert fixed["folding"]["pe"] == 1
    assert fixed["choice"]["made_of"]["weight_style"] == "block"
    assert all(layer["choice"]["why"] for layer in report["layers"] if layer["node"])
