"""What the ready mappings make of the sample records is stored by a real Daybook, and once only."""

import csv
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from daybook_client.importing import Options, import_files, load_mapping, mapping_names
from daybook_client.importing.engine import Send
from tests.client.importing.samples import expected, sample_files
from tests.support.running_daybook import LocalDaybook, make_tenant

pytestmark = pytest.mark.long

OWN = ("carear", "symbee", "jiffy", "enate", "chat")
NEWEST = datetime(2026, 11, 3, tzinfo=UTC)
LATER = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1) - NEWEST
"""The samples are of one day. Profiles keep events for as little as 45 days, so they are sent as if of yesterday."""


def tenant_of(daybook: LocalDaybook, tenant: str, profile: str) -> httpx.Client:
    with daybook.operations as operations:
        assert make_tenant(operations, tenant, profile).status_code == 201
    return daybook.client(daybook.operations_key, **{"Daybook-Tenant": tenant})


def sender(client: httpx.Client, later: timedelta = LATER) -> Send:
    def send(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        moved = [
            {**event, "occurred_at": (datetime.fromisoformat(event["occurred_at"]) + later).isoformat()}
            for event in events
        ]
        results: list[dict[str, Any]] = client.post("/v1/events", json={"events": moved}).json()["results"]
        return results

    return send


def rows(client: httpx.Client, view: str) -> list[dict[str, Any]]:
    """All events but Daybook's own, the oldest first."""
    asked: dict[str, str | int] = {"component!": "Audit Log", "sort": "occurred_at", "limit": 500, "view": view}
    found: list[dict[str, Any]] = client.get("/v1/events", params=asked).raise_for_status().json()["events"]
    return found


def import_twice(client: httpx.Client, names: Sequence[str], rejects: Path) -> None:
    """All samples of the mappings, and all again: none is rejected, and each is there once."""
    ids: set[str] = set()
    for name in names:
        ids |= {event["id"] for found in expected(name).values() for event in found["events"]}
    for _ in range(2):
        stored = 0
        for name in names:
            report = import_files(sample_files(name), load_mapping(name), sender(client), Options(rejects=rejects))
            assert report.rejections == 0
            stored += report.stored
        assert stored == len(ids)
        found = [row["client_id"] for row in rows(client, "native")]
        assert (set(found), len(found)) == (ids, len(ids))


def test_samples_are_stored_and_a_second_import_adds_nothing(local_daybook: LocalDaybook, tmp_path: Path) -> None:
    """Of all products without a profile of their own, in one tenant of the generic one: no ids meet."""
    with tenant_of(local_daybook, "imports", "generic") as client:
        import_twice(client, [name for name in mapping_names() if name not in OWN], tmp_path / "rejects")


@pytest.mark.parametrize("name", OWN)
def test_samples_of_an_own_product_come_back_from_an_export(
    local_daybook: LocalDaybook, name: str, tmp_path: Path
) -> None:
    """In a tenant of its profile. An export of its view, imported into another tenant, shows the same rows."""
    with tenant_of(local_daybook, f"imports-{name}", name) as client:
        import_twice(client, [name], tmp_path / "rejects")
        shown = rows(client, name)
    export = tmp_path / "export.csv"
    with export.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(shown[0]))
        table.writeheader()
        table.writerows(shown)
    with tenant_of(local_daybook, f"again-{name}", name) as client:
        options = Options(rejects=tmp_path / "rejects")
        report = import_files([export], load_mapping(name), sender(client, timedelta(0)), options)
        assert report.rejections == 0
        assert without_tenant(rows(client, name)) == without_tenant(shown)


def without_tenant(shown: list[dict[str, Any]]) -> list[list[tuple[str, Any]]]:
    """Rows of one second have no order among them."""
    return sorted([item for item in row.items() if item[0] not in ("Tenant Name", "CompanyId")] for row in shown)
