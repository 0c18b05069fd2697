"""Nobody can change what happened without its showing."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reliakit.runtime.journal import chained, read_entry, verify
from reliakit.stores.protocol import Entry

_EVENTS = [
    {"what": "started", "n": 1},
    {"what": "rolled_back", "sentence": 'said "no", at 5 %\n'},
    {"é": [None, 1.5]},
]


def _written(events=_EVENTS, last=None):
    first = last.number + 1 if last else 1
    return [Entry(number, text) for number, text in enumerate(chained(last, events), first)]


def test_what_is_written_can_be_read_and_verified():
    """Otherwise a post-mortem would have to take somebody's word."""
    entries = _written()
    more = _written([{"what": "promoted"}], entries[-1])
    assert [read_entry(entry.text).event for entry in entries] == _EVENTS
    assert list(verify([*entries, *more])) == []
    assert list(verify([*entries[1:], *more])) == [], "older ones may have been pruned"


@given(st.data())
def test_any_changed_character_shows(data):
    """Otherwise whoever caused an incident could write himself out of it."""
    entries = _written()
    which = data.draw(st.integers(0, len(entries) - 1))
    text = entries[which].text
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters(codec="ascii").filter(lambda c: c != text[place]))
    entries[which] = replace(entries[which], text=text[:place] + other + text[place + 1 :])
    assert list(verify(entries))


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_a_missing_entry_shows(gone):
    """Otherwise an event could be left out."""
    entries = _written([*_EVENTS, {"what": "last"}])
    left = entries[:gone] + entries[gone + 1 :]
    assert bool(list(verify(left))) == (gone > 0), "the first may have been pruned"


def test_an_entry_that_was_moved_shows():
    """Otherwise the order of events would be anybody's claim."""
    entries = _written()
    swapped = [entries[0], replace(entries[2], number=2), replace(entries[1], number=3)]
    assert {broken.number for broken in verify(swapped)} == {2, 3}


def test_the_same_events_give_the_same_bytes():
    """Otherwise two looks at one history would differ."""
    assert _written() == _written()
