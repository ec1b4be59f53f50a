"""What the command line makes of errors."""

from __future__ import annotations

import errno
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sangi.compiler.cli import main as module
from sangi.compiler.cli.signals import Ended
from sangi.runtime.errors import ModelError, UsageError

TINY = Path(__file__).parents[3] / "examples" / "digits" / "digits_tiny.onnx"


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ModelError("x must be y, not z"), 1, "error: x must be y, not z\n"),
        (UsageError("wrong"), 2, "error: wrong\n"),
        (KeyboardInterrupt(), 130, ""),
        (Ended(signal.SIGTERM), 143, ""),
        (SystemExit(3), 3, ""),
        (SystemExit(), 0, ""),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            1,
            "error: output cannot be written: No",
        ),
        (
            OSError(errno.EIO, "Bad", "log/a"),
            1,
            "error: output log/a cannot be written: Bad; choose",
        ),
        (OSError(errno.EBADF, "x"), 1, "error: sangi itself failed, which is a defect: OSError"),
        (MemoryError(), 1, "error: the memory of this machine must suffice"),
        (KeyError("name"), 1, "error: sangi itself failed, which is a defect: KeyError: 'name'"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_errors_become_exit_codes(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    said: str,
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr(module, "app", fail)
    with pytest.raises(SystemExit) as caught:
        module.main()
    assert caught.value.code == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(said)
    assert "Traceback" not in shown.err


def test_a_defect_says_where_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        module.show_error(7)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "app", fail)
    # The first call fails inside of the package; the second shows what happened.
    with pytest.raises(SystemExit):
        module.main()
    shown = capsys.readouterr().err
    assert "compiler/cli/main.py:" in shown
    assert "compiler/cli/console.py:" in shown


def test_a_defect_in_an_environment_within_the_checkout_is_not_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = Path(module.__file__).parents[2] / ".venv/lib/site-packages/other/failing.py"
    code = compile("raise KeyError('name')", str(other), "exec")
    monkeypatch.setattr(module, "app", lambda: exec(code))
    with pytest.raises(SystemExit):
        module.main()
    shown = capsys.readouterr().err
    assert "compiler/cli/main.py:" in shown
    assert "failing.py" not in shown


@pytest.mark.parametrize(
    "arguments",
    [("boards",), ("boards", "--help"), ("--version",), ("inspect", str(TINY), "--json")],
)
def test_output_that_finds_no_room_is_one_message(
    sangi_command: list[str], arguments: tuple[str, ...]
) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*sangi_command, *arguments], stdout=full, stderr=subprocess.PIPE, text=True
        )
    said = [line for line in done.stderr.splitlines() if not line.strip()[:1].isdigit()]
    assert said == [
        "error: output cannot be written: No space left on device; choose another place"
    ]
    assert done.returncode == 1


def test_who_closes_the_pipe_hears_nothing(sangi_command: list[str]) -> None:
    command = [*sangi_command, "inspect", str(TINY), "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert "error" not in process.stderr.read().lower()
    assert process.returncode == 1


@pytest.mark.parametrize(("ending", "told"), [("raise KeyboardInterrupt", False), ("pass", True)])
def test_circuits_that_were_given_up_are_not_told(tmp_path: Path, ending: str, told: bool) -> None:
    script = tmp_path / "script.py"
    script.write_text(f"""
from amaranth.hdl import Elaboratable, Fragment, Module
from sangi.compiler.cli import main
class Circuit(Elaboratable):
    def elaborate(self, platform): pass
def begin():
    # Amaranth tells nothing before it has built something.
    Fragment.get(Module(), None)
    circuit = Circuit()
    {ending}
main.app = begin
main.main()
""")
    done = subprocess.run([sys.executable, script], stderr=subprocess.PIPE, text=True)
    assert ("created but never used" in done.stderr) is told
    assert done.returncode == (0 if told else 130)
