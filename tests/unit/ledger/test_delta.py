"""What entries count as, and its stored form."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.typical import stored_forms
from daybook.clock import HOUR, parse_time
from daybook.errors import UnknownFormat
from daybook.events.canonical import decode
from daybook.events.packing import unpack
from daybook.ledger.delta import Counted, of, read, write
from events.typical import TYPICAL
from tests.support.fixed_events import FIXED, example_of

TEXTS = st.text(max_size=12)
ACTORS = (
    st.uuids().map(str) | st.uuids().map(lambda guid: str(guid).upper()) | TEXTS | st.text(min_size=36, max_size=36)
)
COUNTED = st.builds(
    Counted, st.integers(0, 4_000_000).map(lambda hour: hour * HOUR), TEXTS, TEXTS, TEXTS, TEXTS, ACTORS, TEXTS
)


@given(st.lists(COUNTED, min_size=1, max_size=40))
def test_what_is_written_is_read(counted: list[Counted]) -> None:
    """In the same order, for any texts, also for actors that look like GUIDs."""
    assert read(write(counted)) == counted


def test_a_newer_form_is_not_read() -> None:
    """Another first byte is a newer release's."""
    with pytest.raises(UnknownFormat):
        read(b"\2" + write([Counted(0, "a", "b", "c", "success", "api", "api")])[1:])


@pytest.mark.parametrize("product", TYPICAL)
def test_an_event_is_counted_by_what_its_content_says(product: str) -> None:
    """The actor is the one of the index by_actor, and the time is cut to its hour."""
    (form,) = stored_forms(product, [TYPICAL[product]])
    content: dict[str, Any] = decode(unpack(form.packed))
    counted = of(content)
    occurred = parse_time(content["occurred_at"])
    assert counted.occurred_ms == occurred - occurred % HOUR
    assert counted.actor == form.by_actor.split("#")[3]
    for name in ("activity", "category", "status"):
        assert getattr(counted, name) == content[name]
    assert (counted.component or None, counted.actor_type) == (content.get("component"), content["actor"]["type"])


@pytest.mark.parametrize("path", FIXED, ids=lambda path: path.stem)
def test_every_kind_of_stored_event_can_be_counted(path: Any) -> None:
    """Those without a component, without a person, and of a person who is known by an address."""
    stored = example_of(path)["stored"]
    counted = of(decode(stored["canonical"]))
    assert read(write([counted])) == [counted]
    assert counted.actor == stored["keys"]["by_actor"].split("#", 3)[3]
