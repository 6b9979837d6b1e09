"""`daybook send`, `import` and `buffer`."""

import gzip
import json
from pathlib import Path

import pytest

from daybook_client.errors import DeniedError, UnavailableError
from tests.support.command_line import Call, daybook, stored

TRAIL = {
    "eventID": "e-1",
    "eventTime": "2026-11-20T10:00:00Z",
    "eventName": "DeleteBucket",
    "eventSource": "s3.amazonaws.com",
    "userIdentity": {"type": "IAMUser", "userName": "alice", "principalId": "AIDA1"},
}


def test_options_make_an_event_with_an_id_and_a_time_of_its_own() -> None:
    """So that trying again stores nothing twice."""
    ran = daybook(
        *("send", "invoice.approved", "--actor", "mike.mars", "--actor-id", "u-1", "--target", "invoice:10:42"),
        *("--param", "amount=1250", "--param", "zip=01234", "--param", "paid=true", "--status", "failure"),
        *("--ip", "203.0.113.7", "--details", "why", "--environment", "test"),
        answer=stored,
    )
    assert ran.code == 0
    (event,) = ran.calls[0].events
    assert len(event.pop("id")) == 32
    assert event.pop("occurred_at").endswith("Z")
    assert event == {
        "activity": "invoice.approved",
        "actor": {"type": "user", "username": "mike.mars", "id": "u-1"},
        "target": {"type": "invoice", "id": "10:42"},
        "params": {"amount": 1250, "zip": "01234", "paid": True},
        "context": {"ip": "203.0.113.7"},
        "details": "why",
        "status": "failure",
        "environment": "test",
    }
    assert ran.lines == [{"status": "stored", "id": "010", "leaf": "00"}]


@pytest.mark.parametrize(
    "arguments",
    [(), ("--actor", "a", "--target", "x"), ("--actor", "a", "--param", "x"), ("--actor", "a", "--id", "1")],
)
def test_what_is_missing_is_said_before_anything_is_sent(arguments: tuple[str, ...]) -> None:
    """As a usage error."""
    ran = daybook("send", "a.b", *arguments)
    assert (ran.code, ran.calls) == (2, [])


def test_every_fault_of_a_rejected_event_is_told() -> None:
    """With exit code 1."""
    errors = [{"path": "activity", "message": "is no name"}, {"path": "actor", "message": "is nobody"}]
    rejected = {"results": [{"index": 0, "status": "rejected", "code": "invalid_value", "errors": errors}]}
    ran = daybook("send", "a.b", "--actor", "x", answer=lambda _: rejected)
    assert ran.code == 1
    assert ran.lines[0]["errors"] == errors
    assert "activity: is no name" in ran.err


def test_lines_of_stdin_are_sent_in_batches_and_answered_by_number() -> None:
    """What is no event costs the others nothing. Empty lines and a mark do not matter."""
    good = json.dumps({"activity": "a.b", "actor": {"type": "system"}})
    lines = ["\ufeff" + good, "nope", "", "[]", '{"activity":"a.b"}', *[good] * 600]
    ran = daybook("send", "-", stdin="\n".join(lines), answer=stored)
    assert ran.code == 1
    assert [len(call.events) for call in ran.calls] == [500, 101]
    told = {line["line"]: line["status"] for line in ran.lines}
    assert [number for number, status in told.items() if status == "rejected"] == [2, 4, 5]
    assert len(told) == 604


def test_events_that_were_not_answered_are_sent_again_as_they_were() -> None:
    """After no answer, half an answer, and `retry` for one of two: the same ids until each has a result."""
    tries: list[list[str]] = []

    def answer(call: Call) -> object:
        tries.append([event["id"] for event in call.events])
        if len(tries) == 1:
            raise UnavailableError("nothing", code="unreachable")
        if len(tries) == 2:
            return {"results": []}
        answered = stored(call)
        if len(tries) == 3:
            answered["results"][0]["status"] = "retry"
        return answered

    two = '{"activity":"a.b","actor":{"type":"system"}}\n' * 2
    ran = daybook("send", "-", stdin=two, answer=answer)
    assert ran.code == 0
    assert len(ran.waits) == 3
    assert tries[0] == tries[1] == tries[2]
    assert tries[3] == tries[0][:1]


@pytest.mark.parametrize("results", [[{"index": 1, "status": "stored"}, {"index": 0, "status": "rejected"}], [1, 2]])
def test_results_that_are_not_each_events_own_are_no_answer(results: list[object]) -> None:
    """As in the client: one in another's place would call the wrong event stored."""
    answers = iter([{"results": results}])
    two = '{"activity":"a.b","actor":{"type":"system"}}\n' * 2
    ran = daybook("send", "-", stdin=two, answer=lambda call: next(answers, None) or stored(call))
    assert ran.code == 0
    assert len(ran.calls) == 2
    assert [line["id"] for line in ran.lines] == ["010", "011"]


def test_a_server_that_stays_away_is_exit_code_4() -> None:
    """After a minute of trying, of which the user is told once."""

    def fail(_call: Call) -> None:
        raise UnavailableError("nothing", code="unreachable")

    ran = daybook("send", "a.b", "--actor", "x", answer=fail)
    assert ran.code == 4
    assert len(ran.waits) >= 6, "whatever chance says, six waits are shorter than a minute"
    assert sum(ran.waits) <= 60
    assert ran.err.count("Trying for a minute") == 1


@pytest.fixture
def trail(tmp_path: Path) -> Path:
    """A packed file of two records, the second without a time."""
    path = tmp_path / "trail.json.gz"
    path.write_bytes(gzip.compress(json.dumps({"Records": [TRAIL, {"eventName": "x"}]}).encode()))
    return path


def test_an_import_reports_what_became_of_the_records(trail: Path) -> None:
    """Exit code 1 for rejects, which are in a file with their line."""
    ran = daybook("import", "--from", "cloudtrail", str(trail), answer=stored)
    assert ran.code == 1
    report = ran.lines[-1]["report"]
    assert (report["records"], report["stored"], report["rejected"]) == (2, 1, {"missing_field": 1})
    assert json.loads(Path(f"{trail}.rejects.ndjson").read_text())["code"] == "missing_field"
    assert ran.calls[0].events[0]["actor"]["username"] == "alice"


def test_a_dry_run_sends_nothing_and_needs_no_key(trail: Path) -> None:
    """It shows the events as they would stand."""
    ran = daybook("import", "--from", "cloudtrail", "--dry-run", str(trail), environ={})
    assert ran.calls == []
    assert ran.lines[0]["event"]["activity"] == "DeleteBucket"
    assert ran.lines[1]["reject"]["code"] == "missing_field"
    shown = daybook("import", "--from", "cloudtrail", "--dry-run", str(trail), environ={}, terminal=True)
    assert "DeleteBucket" in shown.out
    assert "missing_field" in shown.out


def test_an_import_that_stops_says_how_to_go_on(trail: Path) -> None:
    """With the exit code of what stopped it."""

    def deny(_call: Call) -> None:
        raise DeniedError("No.", code="unauthorized", status=401)

    ran = daybook("import", "--from", "cloudtrail", str(trail), answer=deny)
    assert ran.code == 3
    assert "--skip 0" in ran.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("--from", "cloudtrail"),
        ("x.json",),
        ("--from", "nothing-like-it", "x.json"),
        ("--from", "cloudtrail", "missing.json"),
    ],
)
def test_an_import_that_can_not_begin_is_a_usage_error(arguments: tuple[str, ...], tmp_path: Path) -> None:
    """Said in a sentence, before anything is sent."""
    ran = daybook("import", *(str(tmp_path / one) if one.endswith(".json") else one for one in arguments))
    assert (ran.code, ran.calls) == (2, [])
    assert "Traceback" not in ran.err


def test_the_ready_mappings_are_listed() -> None:
    """By the names that `--from` takes."""
    assert {"cloudtrail", "github", "okta", "kubernetes"} <= {
        line["mapping"] for line in daybook("import", "--list").lines
    }


def test_a_buffer_is_looked_after_without_the_product(tmp_path: Path) -> None:
    """What is in it is shown, and rejected events are deleted only when that is meant."""
    from daybook_client.buffer.buffer import Buffer  # noqa: PLC0415

    place = tmp_path / "shop.buffer"
    Buffer(place).add([b'{"activity":"a.b"}'])
    told = daybook("buffer", "status", "--buffer", str(tmp_path), environ={})
    assert (told.lines[0]["buffer"], told.lines[0]["waiting"]) == (str(place), 1)
    assert daybook("buffer", "rejected", "--buffer", str(place), environ={}).code == 0
    assert daybook("buffer", "discard", "--buffer", str(place), environ={}).code == 2
    assert daybook("buffer", "discard", "--yes", "--buffer", str(place), environ={}).code == 0
    assert daybook("buffer", "retry", "--buffer", str(place), environ={}).code == 0
    assert daybook("buffer", "status", "--buffer", str(tmp_path / "none"), environ={}).code == 2
