"""The client and a real Daybook: what is recorded is found."""

from pathlib import Path

import pytest

from daybook_client import Daybook
from tests.support.running_daybook import running_daybook, tenants_admin

pytestmark = pytest.mark.long


def test_what_is_recorded_is_found_by_a_search(tmp_path: Path) -> None:
    """Once each, with what the caller said. What Daybook rejects is set apart with its answer, and told."""
    with running_daybook(tmp_path / "house") as house, tenants_admin(house, "acme", ["prod", "test"]) as admin:
        asked = {"role": "producer", "environment": "prod", "label": "client"}
        key = admin.post("/v1/tenants/acme/keys", json=asked).json()["key"]
        actor = {"type": "user", "username": "mike.mars"}
        told: list[str] = []
        with Daybook(house.url, key, buffer=tmp_path, on_rejected=lambda event: told.append(event.code)) as daybook:
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
