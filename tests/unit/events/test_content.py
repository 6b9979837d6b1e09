"""What the content holds besides what was sent: who sent it, when it was received, and where needed a salt."""

import base64
from typing import Any

import pytest

from daybook.clock import format_time
from daybook.events.canonical import decode, leaf
from daybook.events.packing import unpack
from daybook.ids import lowest_id
from daybook.people.forgetter import Forgetter, mark_of, no_sweep
from tests.support.ingest import KEYS, NOW
from tests.unit.events.test_acceptance import MIKE, SYSTEM, TenantLog


def contents(log: TenantLog) -> list[dict[str, Any]]:
    return [decode(unpack(form.packed)) for form in log.events.events.values()]


def test_the_leaf_covers_sender_and_receipt() -> None:
    """Both stand in the content, and the time nowhere else."""
    log = TenantLog()
    log.one("a.b")
    assert log.content["sender"] == {"credential": "k"}
    assert log.content["received_at"] == format_time(NOW)
    (form,) = log.events.events.values()
    assert form.leaf == leaf(unpack(form.packed))
    assert "received" not in repr(form)


@pytest.mark.parametrize(
    ("actor", "salted"), [(SYSTEM, True), ({"type": "api", "username": "ci"}, True), (MIKE, False)]
)
def test_where_nothing_is_sealed_there_is_a_salt(actor: dict[str, Any], salted: bool) -> None:
    """With it a published leaf confirms no guess. Sealed texts are as good as a salt."""
    log = TenantLog()
    log.send(*({"activity": "a.b", "actor": actor} for _ in range(2)))
    salts = [content.get("salt") for content in contents(log)]
    if not salted:
        assert salts == [None, None]
        return
    assert [len(base64.urlsafe_b64decode(f"{salt}==")) for salt in salts] == [16, 16]
    assert salts[0] != salts[1]


def test_where_all_are_forgotten_there_is_a_salt_too() -> None:
    """Nothing of theirs is sealed, so the rest could be guessed."""
    log = TenantLog()
    environment = log.settings.environment_key("prod")
    sent = {"activity": "a.b", "actor": {"type": "user", "id": "u-1"}, "occurred_at": format_time(NOW)}
    log.send(sent)
    guid = log.content["actor"]["id"]
    Forgetter(log.people, KEYS.of(log.settings.code), no_sweep).forget(
        environment, mark_of(guid, lowest_id(NOW + 1), None)
    )
    log.events.events.clear()
    log.send(sent)
    assert log.content["actor"]["id"] == guid
    assert not any("sealed" in person for person in log.content["people"])
    assert "salt" in log.content


def test_what_was_adjusted_is_said() -> None:
    """In the content, and in the answer, a repeat's too."""
    log = TenantLog()
    sent = {
        "id": "1",
        "occurred_at": format_time(NOW),
        "activity": "a.b",
        "actor": MIKE,
        "context": {"user_agent": "x" * 2_000},
    }
    first, again = log.send(sent)[0], log.send(sent)[0]
    assert list(first.adjusted) == ["context.user_agent"]
    assert again == first
    assert log.content["adjusted"] == ["context.user_agent"]


def test_ids_are_the_same_in_any_composition() -> None:
    """The sender's id, and the ids of targets in keys. The content shows them as they were sent."""
    log = TenantLog()
    composed, decomposed = "Zo\u00eb", "Zoe\u0308"
    for text in (composed, decomposed):
        target = {"type": "case", "id": text, "within": {"type": "box", "id": text}}
        sent = {"id": text, "occurred_at": format_time(NOW), "activity": "a.b", "actor": SYSTEM, "target": target}
        assert log.send(sent)[0].status == "stored"
    assert len(log.events.events) == 1
    log.send(
        *(
            {"activity": "a.b", "actor": SYSTEM, "target": {"type": "case", "id": text}}
            for text in (composed, decomposed)
        )
    )
    assert len({form.by_target for form in log.events.events.values()}) == 1
    assert {content["target"]["id"] for content in contents(log)} == {composed, decomposed}
