"""The client and a real Daybook: what is recorded is found."""

import json
from pathlib import Path

import pytest

from daybook_client import Daybook
from tests.support.running_daybook import LocalDaybook, tenants_admin

pytestmark = pytest.mark.long


def test_what_is_recorded_is_found_by_a_search(local_daybook: LocalDaybook, tmp_path: Path) -> None:
    """Once each, with what the caller said. What Daybook rejects is set apart with its answer, and told."""
    with tenants_admin(local_daybook, "recorder", ["prod", "test"]) as admin:
        asked = {"role": "producer", "environment": "prod", "label": "client"}
        key = admin.post("/v1/tenants/recorder/keys", json=asked).json()["key"]
        actor = {"type": "user", "username": "mike.mars"}
        told: list[str] = []
        with Daybook(
            local_daybook.url, key, buffer=tmp_path, on_rejected=lambda event: told.append(event.code)
        ) as daybook:
            own = daybook.record("invoice.approved", actor=actor, details="half a character: \ud83d")
            daybook.record("invoice.approved", actor={"type": "robot"})
            daybook.record("invoice.approved", actor=actor, environment="test")
            daybook.record(
                "invoice.approved", actor=actor, params={"deep": {"user": "jane.roe"}}, details="x" * 100_000
            )
            daybook.record_many([{"activity": "report.opened", "actor": actor}] * 600)
            assert daybook.flush(30)
            assert daybook.status().waiting == 0
            assert [event.code for event in daybook.rejected()] == told
            assert sorted(told) == ["environment_denied", "invalid_value"]
        found = admin.get("/v1/events", params={"activity": "invoice.approved", "environment": "prod"}).json()["events"]
        assert [event["client_id"] for event in found][1:] == [own]
        assert found[1]["details"] == "half a character: \ufffd"
        assert found[0]["adjusted"] == ["details"]
        stats = admin.get(
            "/v1/events", params={"activity": "report.opened", "environment": "prod", "limit": 500}
        ).json()
        assert len(stats["events"]) == 500
        rest = admin.get(
            "/v1/events",
            params={"cursor": stats["next_cursor"], "activity": "report.opened", "environment": "prod", "limit": 500},
        ).json()
        assert len(rest["events"]) == 100


def test_reading_what_was_recorded(local_daybook: LocalDaybook, tmp_path: Path) -> None:
    """The client searches, exports and follows the feed of a real Daybook, with the key of the tenant's admin."""
    with tenants_admin(local_daybook, "reader") as admin:
        key = admin.headers["Authorization"].removeprefix("Bearer ")
    with Daybook(local_daybook.url, key, environment="prod", buffer=tmp_path / "buffer.sqlite") as daybook:
        ids = daybook.record_many(
            {"activity": "invoice.approved", "actor": {"type": "user", "username": f"u{n}"}} for n in range(7)
        )
        assert daybook.flush(30)
        found = list(daybook.search(activity="invoice.*", component_not="Audit Log", limit=600))
        assert {event["client_id"] for event in found} == {*ids}
        assert daybook.event(found[0]["id"])["client_id"] == found[0]["client_id"]
        export = daybook.export(tmp_path / "events.ndjson", format="ndjson", view="native", activity="invoice.approved")
        lines = [json.loads(line) for line in export.path.read_text().splitlines()]
        assert {line["client_id"] for line in lines} == {*ids}
        assert export.rows == export.manifest["rows"] == 7
        feed = daybook.feed(wait=True, poll_seconds=0.5, activity="invoice.approved")
        entries = [next(feed) for _ in ids]
        assert {entry.event["client_id"] for entry in entries if entry.event} == {*ids}
        assert not list(daybook.feed(entries[-1].position, activity="invoice.approved"))
