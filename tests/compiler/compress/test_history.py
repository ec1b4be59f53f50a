"""A history is put together from events."""

from __future__ import annotations

import pytest

from sangi.compiler.compress.history import history_of
from sangi.compiler.compress.search.events import SearchDone

from .searched import AT_EDGES, AT_LAST, AT_THIN, AT_W2, AT_W4, EVENTS, ORIGINAL, TARGET


def test_a_history_has_all_candidates_and_the_path() -> None:
    history = history_of(EVENTS)
    assert history.target == TARGET
    assert history.original is ORIGINAL
    assert history.candidates == (AT_W4, AT_W2, AT_EDGES, AT_THIN, AT_LAST)
    assert history.path == (ORIGINAL, AT_W4, AT_THIN)
    assert history.stages == {0: "iq", 1: "iq", 2: "ns", 3: "last"}
    assert (history.trainings, history.broken_off, history.seconds) == (5, 1, 14.0)


def test_a_search_that_did_not_end_has_no_history() -> None:
    events = [event for event in EVENTS if not isinstance(event, SearchDone)]
    with pytest.raises(ValueError, match="must hold the beginning and the end of a search"):
        history_of(events)
