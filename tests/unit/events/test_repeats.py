"""What tells a repeat from another event under the same id."""

from typing import Any

import pytest
from msgspec.structs import replace

from daybook.clock import format_time
from daybook.errors import UnknownFormat
from tests.support.ingest import NOW
from tests.unit.events.test_acceptance import MIKE, TenantLog

SENT: dict[str, Any] = {"id": "1", "occurred_at": format_time(NOW), "activity": "a.b", "actor": MIKE}


def test_only_a_senders_id_has_a_fingerprint() -> None:
    """One byte names the normal form, and 16 bytes follow."""
    log = TenantLog()
    log.send(SENT, {"activity": "a.b", "actor": MIKE})
    first, second = log.events.events.values()
    assert first.fingerprint is not None
    assert (first.fingerprint[0], len(first.fingerprint)) == (1, 17)
    assert second.fingerprint is None


def test_another_normal_form_is_not_guessed() -> None:
    """A newer release stored the event: whether this is its repeat can't be told, and neither answer would be right."""
    log = TenantLog()
    log.send(SENT)
    ((key, form),) = log.events.events.items()
    assert form.fingerprint is not None
    log.events.events[key] = replace(form, fingerprint=b"\2" + form.fingerprint[1:])
    with pytest.raises(UnknownFormat):
        log.send(SENT)


def test_a_spelling_of_seconds_is_a_repeat() -> None:
    """An adjustment's seconds may be decimal text. A reference by Daybook's id is another event than one by yours."""
    log = TenantLog()
    adjusted = SENT | {
        "activity": "a.time-adjusted",
        "params": {"session": {"id": "0", "occurred_at": format_time(NOW)}},
    }
    number, text = (adjusted | {"changes": [{"field": "seconds", "from": 1, "to": to}]} for to in (600, "600"))
    assert log.send(number)[0] == log.send(text)[0]
    opening = log.send(SENT | {"id": "0", "activity": "a.opened"})[0].id
    assert log.send(number | {"params": {"session": opening}})[0].code == "id_conflict"


def test_the_caller_is_no_part_of_it() -> None:
    """Another credential may repeat an event. The first sender stays."""
    log = TenantLog()
    log.send(SENT)
    (before,) = log.events.events.values()
    object.__setattr__(log.caller, "credential", "k2")
    assert log.send(SENT)[0].leaf == before.leaf
    assert log.content["sender"] == {"credential": "k"}
