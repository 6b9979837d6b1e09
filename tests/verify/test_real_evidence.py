"""Evidence that Daybook itself made, of every profile, with events that look like what formats give a meaning to."""

import io
from random import Random
from typing import Any, NamedTuple

import pytest

from daybook.aws.wiring import Tables
from daybook.catalogue.profile import profile as profile_of
from daybook.clock import DAY, HOUR, MINUTE, format_time
from daybook_verify import export
from daybook_verify.checkpoints import Trust
from daybook_verify.errors import CannotTell, NotGenuine
from daybook_verify.notes import parse_key
from daybook_verify.report import Report
from tests.handlers.exports.test_evidence import ProvenLog
from tests.support.forgetting import Forgetting
from tests.support.ingest import NOW
from tests.verify.hostile_events import HostileEvents
from tests.verify.test_mutations import MUTATIONS, byte_of_the_evidence

PROFILES = ("generic", "chat", "enate", "jiffy", "carear", "symbee")
CSV: dict[str, Any] = {"mark": True, "tz": "Asia/Kolkata"}
NATIVE: dict[str, Any] = {"format": "ndjson", "view": "native", "sort": "occurred_at"}
SAM = "sam.stone"
QUICK, MANY = 100, 3_000

in_memory = pytest.mark.parametrize("store", ["memory"], indirect=True)


class Made(NamedTuple):
    file: bytes
    evidence: bytes
    trust: Trust

    @property
    def report(self) -> Report:
        report = Report()
        try:
            export.verify(io.BytesIO(self.file), io.BytesIO(self.evidence), self.trust, [], report)
        except (NotGenuine, CannotTell) as error:
            report.ended_by(error)
        return report


class Logs:
    """A log of each profile: some events lie before the span, and a checkpoint was signed between."""

    def __init__(self, dynamodb: Any, tables: Tables, profile: str, events: int) -> None:
        self.log = ProvenLog(dynamodb, tables, profile)
        hostile = HostileEvents(events, sorted(profile_of(profile).source_types or ()))
        answer = self.log.send({"events": [hostile.event() for _ in range(events)]})
        assert answer["statusCode"] == 201, answer["body"][:1_000]
        ledger = self.log.exporter.ledger
        ledger.append()
        ledger.sign(self.log.key_of_log)
        self.log.now += HOUR
        sam = {"activity": "account.changed", "details": "to sam.stone", "actor": {"type": "user", "username": SAM}}
        self.log.sent(*({**sam, "occurred_at": format_time(self.log.now - at)} for at in range(3)))

    def exported(self, *, since: bool = False, **asked: Any) -> Made:
        """`since`: the entries begin at the checkpoint. The tests trust the key that dates it."""
        filters = {"from": format_time(self.log.now - MINUTE if since else NOW - 30 * DAY)}
        shown, file = self.log.exporter.export({"evidence": True, "filters": filters, **asked})
        place = f"files/{self.log.settings.code}/{shown['id']}/{shown['filename']}.evidence.ndjson"
        own, time = (parse_key(key.line) for key in self.log.exporter.ledger.keys(self.log.key_of_log))
        return Made(file, self.log.exporter.files.files[place], Trust((own,), (time,)))


def assert_complete(made: Made) -> None:
    assert made.report.complete is True, made.report.lines()


@in_memory
@pytest.mark.parametrize("profile", PROFILES)
def test_what_daybook_makes_is_genuine_and_complete(dynamodb: Any, tables: Tables, profile: str) -> None:
    """From the log's beginning and from a checkpoint; and so it stays when people are forgotten."""
    logs = Logs(dynamodb, tables, profile, 40)
    before = [logs.exported(**CSV), logs.exported(**NATIVE), logs.exported(since=True)]
    assert b'"since":null' not in before[2].evidence.partition(b"\n")[0]
    Forgetting(logs.log).report(SAM)
    for made in (*before, logs.exported(**CSV), logs.exported(**NATIVE)):
        assert_complete(made)


def several(dynamodb: Any, tables: Tables, profile: str) -> list[Made]:
    logs = Logs(dynamodb, tables, profile, 6)
    return [logs.exported(**CSV), logs.exported(**NATIVE), logs.exported(since=True)]


def hold(made: list[Made], count: int) -> None:
    random = Random(count)  # noqa: S311  a test's choices
    for each in made:
        assert_complete(each)
    # The first line has signatures of keys that nobody needs. The other mutations reach what is signed in it.
    for number in range(count):
        one, mutation = random.choice(made), MUTATIONS[number % len(MUTATIONS)]
        first, _, rest = one.evidence.partition(b"\n")
        if mutation is byte_of_the_evidence:
            file, changed = mutation(one.file, rest, random)
            changed = first + b"\n" + changed
        else:
            file, changed = mutation(one.file, one.evidence, random)
        assert (file, changed) != (one.file, one.evidence)
        assert one._replace(file=file, evidence=changed).report.exit_code != 0, f"not found: {number}, {mutation}"


@in_memory
def test_changes_of_real_evidence_are_found(dynamodb: Any, tables: Tables) -> None:
    """A part of the test below."""
    hold(several(dynamodb, tables, "jiffy"), QUICK)


@in_memory
@pytest.mark.long
@pytest.mark.parametrize("profile", PROFILES)
def test_thousands_of_changes_of_real_evidence_are_found(dynamodb: Any, tables: Tables, profile: str) -> None:
    """3,000 of them, in exports of all profiles."""
    hold(several(dynamodb, tables, profile), MANY // len(PROFILES))
