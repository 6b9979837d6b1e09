"""Evidence that Daybook itself has written, verified by the auditor's program: as it is, and with small changes."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.json import decode, encode

from daybook.aws.wiring import Tables
from daybook.clock import DAY, MINUTE, format_time
from daybook.events.item import partition_of
from daybook.ids import occurred_ms
from daybook_verify import proof
from daybook_verify.checkpoints import Trust
from daybook_verify.notes import parse_key
from daybook_verify.report import Report
from tests.handlers.exports.test_evidence import NATIVE, ProvenLog, in_memory
from tests.support.forgetting import Forgetting
from tests.support.ingest import NOW
from tests.support.sealed_log import LedgerReader
from tests.verify.test_mutations import code_of, hold

PROFILES = ("carear", "generic", "enate", "jiffy", "chat", "symbee")
BODIES: list[dict[str, Any]] = [
    {},
    NATIVE,
    {"sort": "occurred_at", "mark": True, "tz": "Asia/Kolkata"},
    {"filters": {"from": format_time(NOW - 2 * MINUTE)}},
    {**NATIVE, "filters": {"actor": "zoe"}},
]


def send(log: ProvenLog) -> None:
    """People of all kinds, one of whom is forgotten; texts that are disarmed; an event that nobody is named in."""
    log.sent(
        {"activity": "x.y", "actor": {"type": "user", "username": "zoe", "name": "Zoë", "email": "zoe@x.example"}},
        {
            "activity": "x.y",
            "details": "=1+1, of mike.mars and zoe",
            "people": [{"username": "zoe"}],
            "context": {"ip": "203.0.113.7", "user_agent": "curl"},
        },
        {"activity": "x.y", "actor": {"type": "system"}, "target": {"type": "defect", "id": "D-9", "name": 'a "b"'}},
        {"activity": "x.y", "actor": {"type": "user", "username": "gone"}, "changes": [{"field": "a", "from": 1}]},
        {"activity": "x.y", "actor": {"type": "api", "username": "ci"}, "params": {"approver": {"user": "zoe"}}},
    )


def exports(profile: str, dynamodb: Any, tables: Tables) -> tuple[list[tuple[bytes, bytes]], Trust]:
    log = ProvenLog(dynamodb, tables, profile)
    ledger = log.exporter.ledger
    log.now = NOW - 10 * MINUTE
    send(log)
    ledger.append()
    ledger.sign(log.key_of_log)
    log.now = NOW
    send(log)
    Forgetting(log).forget("gone")
    made = []
    for body in BODIES:
        log.now += MINUTE
        files, trust = export(log, body)
        made.append(files)
    return made, trust


def export(log: ProvenLog, body: Any = None) -> tuple[tuple[bytes, bytes], Trust]:
    shown, content = log.exporter.export({"evidence": True, **(body or {})})
    place = f"files/{log.settings.code}/{shown['id']}/{shown['filename']}.evidence.ndjson"
    ledger = log.exporter.ledger
    own, time = (parse_key(key.line) for key in ledger.keys(log.key_of_log))
    return (content, log.exporter.files.files[place]), Trust((own,), (time,))


Exports = Callable[[int], tuple[bytes, bytes]]


@in_memory
@pytest.mark.parametrize("profile", PROFILES)
def test_what_daybook_writes_is_genuine_and_complete(dynamodb: Any, tables: Tables, profile: str) -> None:
    """In each product's view, from the log's beginning and from within it."""
    made, trust = exports(profile, dynamodb, tables)
    assert [code_of(*files, trust) for files in made] == [0] * len(BODIES)


@in_memory
def test_an_event_that_somebody_deletes_is_missing(dynamodb: Any, tables: Tables) -> None:
    """Unless the retention was shorter once, so that it was old enough to go. The log itself says so."""
    log = ProvenLog(dynamodb, tables, "carear")
    old, new = log.sent(*({"activity": "x.y", "occurred_at": format_time(NOW - days * DAY)} for days in (40, 10)))
    log.exporter.ledger.append()
    for days in (30, 90):
        log.done("PUT", "/v1/settings/retention", {"days": days})
    codes = []
    for identifier in (old, new):
        home = partition_of(log.settings, "prod", identifier, occurred_ms(identifier))
        dynamodb.delete_item(TableName=tables.events, Key={"pk": {"S": home}, "sk": {"S": identifier}})
        files, trust = export(log)
        codes.append(code_of(*files, trust))
    assert codes == [0, 1]


@pytest.mark.every_store
def test_after_a_forgetting_all_that_was_proved_stays_proved(dynamodb: Any, tables: Tables) -> None:
    """Proof, checkpoint and evidence from before; a new proof opens nothing of that person."""
    log = ProvenLog(dynamodb, tables, "carear")
    one, _ = log.sent({"details": "of zoe", "people": [{"username": "zoe"}]}, {})
    files, trust = export(log)
    read = LedgerReader(log)

    def proved(disclose: str) -> tuple[bytes, Report]:
        answer = read("/v1/events/{event_id}/proof", {"disclose": disclose}, {"event_id": one})
        assert answer["statusCode"] == 200, answer["body"]
        return answer["body"].encode(), verified(answer["body"].encode())

    def verified(data: bytes) -> Report:
        report = Report()
        proof.verify(data, trust, report)
        return report

    before, report = proved("true")
    assert b'"username":"zoe"' in encode(report.event)
    guid = log.guid_of("zoe")
    Forgetting(log).forget("zoe")
    assert b'"username":"zoe"' in encode(verified(before).event)
    assert code_of(*files, trust) == 0
    after, report = proved("true")
    assert b"zoe" not in encode(report.event)
    assert guid.encode() in encode(report.event)
    assert decode(after)["proof"] == decode(before)["proof"]
    assert [person["id"] for person in decode(after)["people"]] == [log.guid_of("mike.mars")]


@in_memory
def test_changes_of_real_evidence_are_found_and_nothing_else(dynamodb: Any, tables: Tables) -> None:
    """A part of the test below."""
    made, trust = exports("carear", dynamodb, tables)
    hold(150, lambda number: made[number % len(made)], trust)


@pytest.mark.long
@pytest.mark.nightly
@in_memory
@pytest.mark.parametrize("profile", PROFILES)
def test_thousands_of_changes_of_real_evidence_are_found_and_nothing_else(
    dynamodb: Any, tables: Tables, profile: str
) -> None:
    """3,000 times as it is and changed, in exports of all profiles."""
    made, trust = exports(profile, dynamodb, tables)
    hold(500, lambda number: made[number % len(made)], trust)
