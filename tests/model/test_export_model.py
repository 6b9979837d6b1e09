"""Exports against paging through the query API and a brute-force model: random logs, filters, orders and formats."""

import json
import os
from typing import Any

import msgspec
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from daybook.catalogue.profile import PROFILES
from daybook.search.merge import BOUNDS
from tests.model.test_planner_model import LOGS, DiscardedRecords, Logs, _known, logs, queries
from tests.support.calls import answered
from tests.support.exports import Exporter, rows_of
from tests.support.tenant_log import Reader

__all__ = ["logs"]

EXAMPLES = int(os.environ.get("DAYBOOK_EXPORT_EXAMPLES", "10"))


@examples(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(1, LOGS),
    asked=queries(),
    role=st.sampled_from(["auditor", "auditor", "operations"]),
    view=st.sampled_from(["native", *sorted(PROFILES)]),
    zone=st.sampled_from(["UTC", "Asia/Kolkata"]),
    batch=st.sampled_from([1, 3, 500]),
    part_bytes=st.sampled_from([200, 5_000, 1_000_000]),
    run_bytes=st.sampled_from([100, 3_000, 1_000_000]),
    max_merged=st.sampled_from([2, 3, 64]),
    step_ms=st.sampled_from([0, 20_000]),
)
def test_an_export_equals_paging_and_the_model(  # noqa: PLR0917  hypothesis draws them by name
    logs: Logs,
    dynamodb: Any,
    seed: int,
    asked: dict[str, list[str]],
    role: str,
    view: str,
    zone: str,
    batch: int,
    part_bytes: int,
    run_bytes: int,
    max_merged: int,
    step_ms: int,
) -> None:
    """The same events in the same order: by their ids, and by each cell that the view shows."""
    log = logs.log(seed)
    query = {name: [_known(log, name, value) for value in values] for name, values in asked.items()}
    filters = {name: values for name, values in query.items() if name != "sort"}
    order = query.get("sort", ["-occurred_at"])[0]
    exporter = Exporter(
        dynamodb,
        log.tables,
        tenant=log.tenant,
        events=DiscardedRecords(),
        role=role,
        batch=batch,
        part_bytes=part_bytes,
        run_bytes=run_bytes,
        max_merged=max_merged,
        step_ms=step_ms,
    )
    read = logs.reader(log, role, BOUNDS)

    def exported(**how: str) -> bytes:
        shown, content = exporter.export({"filters": filters, "sort": order, "tz": zone, **how})
        assert not exporter.files.uploads
        assert not [place for place in exporter.files.files if place.startswith("runs/")]
        assert shown["bytes"] == len(content)
        return content

    ids = [json.loads(line)["id"] for line in exported(format="ndjson", view="native").splitlines()]
    assert ids == log.expected(query, role)
    pages = _paged(read, {**query, "sort": [order], "view": [view], "tz": [zone]})
    assert [json.loads(line) for line in exported(format="ndjson", view=view).splitlines()] == pages
    rows = rows_of(exported(format="csv", view=view))[1]
    assert rows == ([_as_cells(event) for event in pages] if view == "native" else pages)


def _as_cells(event: dict[str, Any]) -> dict[str, str]:
    """Null as the empty string, texts unchanged, objects and lists as JSON."""
    return {
        name: "" if value is None else value if isinstance(value, str) else msgspec.json.encode(value).decode()
        for name, value in event.items()
    }


def _paged(read: Reader, query: dict[str, list[str]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: dict[str, list[str]] = {}
    while True:
        answer = read(query={**query, **cursor, "limit": ["500"]})
        assert answer["statusCode"] == 200, answer["body"]
        page = answered(answer)
        found += page["events"]
        if page["next_cursor"] is None:
            return found
        cursor = {"cursor": [page["next_cursor"]]}
