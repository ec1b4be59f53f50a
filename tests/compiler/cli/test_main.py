"""What the command line makes of errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from sangi.compiler.cli import main as module
from sangi.runtime.errors import ModelError, UsageError


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ModelError("x must be y, not z"), 1, "error: x must be y, not z\n"),
        (UsageError("wrong"), 2, "error: wrong\n"),
        (KeyboardInterrupt(), 130, ""),
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
