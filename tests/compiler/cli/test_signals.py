"""Signals end a command by an exception."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from types import FrameType

import pytest

from sangi.compiler.cli import signals
from sangi.compiler.cli.signals import Ended, ended_by_signals


@pytest.fixture(autouse=True)
def defaults() -> Iterator[None]:
    before = {number: signal.signal(number, signal.SIG_DFL) for number in signals.ENDING}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", signals.ENDING)
def test_a_signal_is_raised_with_its_exit_code(number: signal.Signals) -> None:
    with pytest.raises(Ended) as caught, ended_by_signals():
        os.kill(os.getpid(), number)
    assert caught.value.exit_code == 128 + number
    assert signal.getsignal(number) is signal.SIG_DFL


def test_a_signal_that_is_sent_twice_does_not_disturb_the_cleaning_up() -> None:
    with pytest.raises(Ended), ended_by_signals():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            cleaned = True
    assert cleaned


def test_a_later_signal_is_raised_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "ONCE", 0.0)
    raised = 0
    with ended_by_signals():
        for _ in range(2):
            try:
                os.kill(os.getpid(), signal.SIGTERM)
            except Ended:
                raised += 1
    assert raised == 2


def test_other_handlers_stay() -> None:
    seen = []

    def own(number: int, _frame: FrameType | None) -> None:
        seen.append(number)

    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, own)
    with ended_by_signals():
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGTERM)
    assert seen == [signal.SIGTERM]
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
