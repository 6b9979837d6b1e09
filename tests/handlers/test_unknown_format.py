"""Events of a format that this release does not know: no reader leaves one out, or shows it wrong."""

from collections.abc import Callable
from typing import Any

import pytest

from daybook.aws.wiring import Tables
from daybook.events.canonical import canonical, decode
from daybook.events.packing import pack, unpack
from tests.handlers.exports.test_exports import ExportedLog
from tests.support.calls import answered
from tests.support.streams import StreamHarness
from tests.support.tenant_log import problem_of

UNKNOWN: dict[str, Callable[[bytes], bytes]] = {
    "a higher v": lambda packed: pack(canonical(decode(unpack(packed)) | {"v": 2})),
    "an unknown dictionary": lambda packed: b"\xff" + packed[1:],
    "no bytes of a dictionary": lambda packed: b"\0" + packed[1:],
}


@pytest.fixture(params=list(UNKNOWN.values()), ids=list(UNKNOWN))
def rewritten(request: pytest.FixtureRequest, dynamodb: Any, tables: Tables) -> Callable[[str], None]:
    """Rewrites a stored event as a newer release might have written it."""

    def rewrite(event_id: str) -> None:
        items = dynamodb.scan(TableName=tables.events, ConsistentRead=True)["Items"]
        (item,) = (item for item in items if item["sk"]["S"] == event_id)
        packed = request.param(item["z"]["B"])
        dynamodb.put_item(TableName=tables.events, Item={**item, "z": {"B": packed}})

    return rewrite


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> ExportedLog:
    return ExportedLog(dynamodb, tables, "enate", retention_days=None)


@pytest.fixture
def unknown(log: ExportedLog, rewritten: Callable[[str], None]) -> str:
    """The second of three events, which has an unknown format."""
    target = {"type": "work-item", "id": "1"}
    sent = [{"activity": "work-item.opened", "target": target, "id": f"event {number}"} for number in range(3)]
    event_id = log.sent(*sent)[1]
    rewritten(event_id)
    return event_id


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v1/events", {}),
        ("/v1/events", {"limit": "1", "sort": "actor"}),
        ("/v1/events", {"activity": "work-item.opened", "view": "enate"}),
        ("/v1/target", {"target": "work-item:1"}),
        ("/v1/target/time", {"target": "work-item:1"}),
        ("/v1/target/attribution", {"target": "work-item:1", "at": "2026-11-22T16:31:08Z"}),
    ],
)
@pytest.mark.usefixtures("unknown")
def test_a_read_fails(log: ExportedLog, path: str, query: dict[str, str]) -> None:
    """A page without the event would be a page that lies."""
    assert problem_of(log.read(path, query)) == (500, "unknown_format")


def test_reading_the_event_itself_fails(log: ExportedLog, unknown: str) -> None:
    """The event exists, so this is no 404."""
    answer = log.read("/v1/events/{event_id}", None, {"event_id": unknown})
    assert problem_of(answer) == (500, "unknown_format")


def test_a_repeat_gives_no_wrong_leaf(log: ExportedLog, unknown: str) -> None:
    """The leaf of a higher `v` is the hash of its bytes, as always. Bytes that cannot be unpacked have none."""
    sent = {
        "id": "event 1",
        "activity": "work-item.opened",
        "actor": {"type": "user", "username": "mike.mars"},
        "occurred_at": "2026-11-22T16:31:08.000Z",
        "environment": "prod",
        "target": {"type": "work-item", "id": "1"},
    }
    answer = log.send(sent)
    if answer["statusCode"] == 201:
        assert answered(answer)["results"][0]["id"] == unknown
    else:
        assert problem_of(answer) == (500, "unknown_format")


@pytest.mark.usefixtures("unknown")
@pytest.mark.parametrize("sort", ["-occurred_at", "actor"])
def test_an_export_fails(log: ExportedLog, sort: str) -> None:
    """It says why, at the first attempt."""
    asked = log.exporter.ask({"sort": sort})
    log.exporter.work()
    shown = log.exporter.read(asked["id"])
    assert shown["status"] == "failed"
    assert "newer format" in shown["error"]


@pytest.mark.usefixtures("unknown")
def test_a_delivery_parks_the_event(log: ExportedLog) -> None:
    """The event waits for a release that can read it. The others are delivered."""
    publishing = StreamHarness(log)
    publishing.set_up()
    assert publishing.publish() == []
    assert len(publishing.streams.taken["acme"]) == 2
    assert publishing.pending() == 1
