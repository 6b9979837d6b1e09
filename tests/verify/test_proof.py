"""Proofs of single events, in the form in which the API answers them."""

import json
from random import Random
from typing import Any

import pytest

from daybook_verify import proof
from daybook_verify.checkpoints import Trust
from daybook_verify.errors import CannotTell, NotGenuine
from daybook_verify.notes import parse_key
from daybook_verify.report import Report
from tests.support.page_verifier import agree_on_proof
from tests.verify.made_export import FROM, GUIDS, event, keys_of, made_export
from tests.verify.made_log import LOG, STRANGER, MadeLog, b64, event_key

TRUST = Trust((parse_key(LOG.line),))


def report_of(answer: dict[str, Any] | bytes) -> Report:
    report = Report()
    data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    try:
        proof.verify(data, TRUST, report)
    except (NotGenuine, CannotTell) as error:
        report.ended_by(error)
    agree_on_proof(report, data, TRUST)
    return report


def answered(size: int = 7, index: int = 3, **more: Any) -> tuple[bytes, dict[str, Any]]:
    log = MadeLog()
    events = [event(number, FROM + number, FROM + number) for number in range(size)]
    for each in events:
        log.add(each)
    return events[index], log.proof(events[index], index, log.note(signers=(LOG,)), **more)


def test_a_proof_verifies() -> None:
    """In a log of any size, at any place."""
    for size in (1, 2, 3, 8, 9):
        for index in range(size):
            assert report_of(answered(size, index)[1]).exit_code == 0


def test_disclosed_people_open() -> None:
    """With the keys of this event, and the forgotten stay closed."""
    stored, answer = answered()
    people = [{"id": guid, "key": b64(key)} for guid, key in keys_of(stored).items()]
    report = report_of({**answer, "people": people})
    assert report.exit_code == 0
    assert any(GUIDS[1] in text for _, text in report.findings)
    other = [{"id": GUIDS[0], "key": b64(event_key(GUIDS[0], "another event"))}]
    wrongs: tuple[Any, ...] = (
        other,
        people * 2,
        [{"id": "x", "key": people[0]["key"]}],
        [{"id": GUIDS[0], "key": "AAAA"}],
        "x",
        [{}],
    )
    for wrong in wrongs:
        assert report_of({**answer, "people": wrong}).exit_code == 1


def test_closed_is_not_forgotten() -> None:
    """Without keys nothing is said of whether somebody is forgotten, nor how the person is called."""
    stored, answer = answered()
    people = [{"id": guid, "key": b64(key)} for guid, key in keys_of(stored).items()]
    for more, forgotten, username in (({}, None, None), ({"people": people}, False, "person.3")):
        report = report_of({**answer, **more})
        assert report.event is not None
        actor = report.event["actor"]
        assert (actor["id"], actor["forgotten"], actor["username"]) == (GUIDS[0], forgotten, username)


def test_every_character_of_a_proof_counts() -> None:
    """Each is replaced by another one. All but the answer's own blanks are authenticated."""
    random = Random(1)  # noqa: S311  a test's choices
    data = json.dumps(answered()[1], ensure_ascii=False)
    for at in range(len(data)):
        other = random.choice([each for each in 'A0+/\n—x\\"{ ' if each != data[at]])
        if data[at] == " " and other == "\n" and data[at - 1] in ":,":
            continue
        assert report_of((data[:at] + other + data[at + 1 :]).encode()).exit_code != 0, (at, data[at], other)


def test_a_proof_of_something_else() -> None:
    """Of another event, at another index, in another log."""
    _, answer = answered()
    _, other = answered(index=4)
    for name in ("event_id", "canonical", "leaf", "index", "entry", "proof"):
        assert report_of({**answer, name: other[name]}).exit_code == 1
        assert report_of({each: value for each, value in answer.items() if each != name}).exit_code == 1
        assert report_of({**answer, name: None}).exit_code == 1
    stranger = made_export(1).log
    assert report_of(answer | {"proof": answer["proof"].partition("\n\n")[0] + "\n\n" + stranger.note()}).exit_code == 1
    unsigned = answer["proof"].partition("\n\n")[0] + "\n\n" + made_export(1).log.note(signers=(STRANGER,))
    assert report_of(answer | {"proof": unsigned}).exit_code == 1


def test_extra_data_is_read_over() -> None:
    """The specification allows it, and nobody signs it."""
    _, answer = answered()
    first, _, rest = answer["proof"].partition("\n")
    assert report_of(answer | {"proof": f"{first}\nextra AAAA\n{rest}"}).exit_code == 0
    for extra in ("extra A", "extra AAAA\nextra AAAA", "more AAAA", ""):
        assert report_of(answer | {"proof": f"{first}\n{extra}\n{rest}"}).exit_code == 1


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b"\xff", b"{" * 100_000, b'{"proof":"' + b"9" * 5_000 + b'"}', b'{"proof":1,"proof":2}']
)
def test_what_is_no_proof(data: bytes) -> None:
    """It crashes nothing."""
    assert report_of(data).exit_code == 1


def test_an_answer_may_say_more() -> None:
    """A newer Daybook may add fields."""
    assert report_of(answered()[1] | {"more": [1.5]}).exit_code == 1, "but for numbers that are not exact"
    assert report_of(answered()[1] | {"more": [1]}).exit_code == 0
