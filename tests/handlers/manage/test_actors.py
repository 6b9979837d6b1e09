"""`GET /v1/actors`: people by the beginning of a name, for pickers."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.aws.wiring import Tables
from daybook.people.identities import had_row
from daybook.text import folded
from manage.actor_search import MAX_NAMES_READ, ActorSearch, begin_words
from tests.support.managed_log import ManagedLog
from tests.support.tenant_log import problem_of


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> ManagedLog:
    return ManagedLog(dynamodb, tables)


def seen(log: ManagedLog, *actors: dict[str, str]) -> list[str]:
    return log.sent(*({"actor": {"type": "user", **actor}} for actor in actors))


def picked(log: ManagedLog, prefix: str = "", **query: str) -> list[str]:
    """The usernames of all pages."""
    names: list[str] = []
    query |= {"prefix": prefix} if prefix else {}
    cursor: dict[str, str] = {}
    while True:
        answer = log.done("GET", "/v1/actors", query=query | cursor)
        names += [one["username"] for one in answer["actors"]]
        if answer["next_cursor"] is None:
            return names
        cursor = {"cursor": answer["next_cursor"]}


@pytest.mark.every_store
def test_people_are_found_by_the_beginning_of_a_name_whatever_its_case(log: ManagedLog) -> None:
    """Casefolded and composed, in the order of names, each with the GUID that their events show."""
    seen(
        log,
        {"username": "Straße"},
        {"username": "mike.mars", "name": "Mike Mars"},
        {"username": "MIA"},
        {"id": "u-9"},
    )
    seen(log, {"username": "A\u030angstrom"})  # the ring above is a separate character
    assert picked(log, "mi") == picked(log, "MI") == ["MIA", "mike.mars"]
    assert picked(log, "STRASS") == picked(log, "straß") == ["Straße"]
    assert picked(log, "å") == ["A\u030angstrom"]
    assert picked(log, "nobody") == []
    everybody = log.done("GET", "/v1/actors", query={"prefix": ""})
    assert everybody == log.done("GET", "/v1/actors")
    assert len(everybody["actors"]) == 4
    assert picked(log) == ["MIA", "mike.mars", "Straße", "A\u030angstrom"]
    (mike,) = log.done("GET", "/v1/actors", query={"prefix": "mike"})["actors"]
    assert mike == {"id": mike["id"], "username": "mike.mars", "name": "Mike Mars", "forgotten": False}
    assert [event["actor"]["username"] for event in log.page({"actor": mike["id"]})["events"]] == ["mike.mars"]


def test_a_name_with_a_number_sign_is_not_mixed_up_with_its_beginning(log: ManagedLog) -> None:
    """The sort keys of `a` begin like those of `a#b`."""
    seen(log, {"username": "a"}, {"username": "a#b"}, {"username": "#"})
    assert picked(log, "a#") == ["a#b"]
    assert sorted(picked(log, "a")) == ["a", "a#b"]
    assert picked(log, "#") == ["#"]
    guid = log.done("GET", "/v1/actors", query={"prefix": "a", "limit": "500"})["actors"][0]["id"]
    assert picked(log, f"a#{guid[:3]}") == []


def test_every_name_that_a_person_had_finds_them(log: ManagedLog) -> None:
    """Both names do after a renaming, and a page shows the person once. Each event keeps the name it was sent with."""
    seen(log, {"id": "u-1", "username": "mike.mars"}, {"id": "u-1", "username": "michael.mars"})
    (old,), (new,) = (log.done("GET", "/v1/actors", query={"prefix": name})["actors"] for name in ("mike", "mich"))
    assert old["id"] == new["id"]
    assert len(log.done("GET", "/v1/actors", query={"prefix": "mi"})["actors"]) == 1
    for name in ("mike.mars", "MICHAEL.mars"):
        events = log.page({"actor": name, "sort": "actor"})["events"]
        assert [event["actor"]["username"] for event in events] == ["michael.mars", "mike.mars"]


def test_two_people_may_have_had_one_name(log: ManagedLog) -> None:
    """If they had it one after the other, both are shown, and the name finds the events of both."""
    seen(log, {"id": "u-1", "username": "mike.mars"}, {"id": "u-2", "username": "Mike.Mars"})
    people = log.done("GET", "/v1/actors", query={"prefix": "mike"})["actors"]
    assert len({one["id"] for one in people}) == 2
    assert len(log.found(actor="mike.mars")) == 2


def test_a_client_id_that_comes_later_is_the_same_person(log: ManagedLog) -> None:
    """The name was known first; no second person is created."""
    seen(log, {"username": "mike.mars"})
    seen(log, {"username": "mike.mars", "id": "u-1"})
    assert len(log.done("GET", "/v1/actors", query={"prefix": "mike"})["actors"]) == 1
    assert len(log.found(actor="u-1")) == 2


def test_forgotten_people_are_gone(log: ManagedLog) -> None:
    """Under every name that they had."""
    seen(log, {"id": "u-1", "username": "mike.mars"}, {"id": "u-1", "username": "michael"}, {"username": "mia"})
    log.forget(log.guid_of("mike.mars"))
    assert picked(log, "mi") == ["mia"]


@pytest.mark.large
def test_thousands_of_people_come_in_pages(log: ManagedLog) -> None:
    """In order, each once, to the end."""
    names = [f"person.{number:04}" for number in range(2_100)]
    for start in range(0, len(names), 300):
        seen(log, *({"username": name} for name in names[start : start + 300]))
    assert picked(log, "person.", limit="500") == names
    assert picked(log, "person.20", limit="7") == names[2_000:]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"limit": ""}, "invalid_parameter"),
        ({"cursor": ""}, "invalid_parameter"),
        ({"prefix": "\x00"}, "invalid_parameter"),
        ({"prefix": "ü" * 300}, "invalid_parameter"),
        ({"limit": "0"}, "invalid_parameter"),
        ({"limit": "501"}, "invalid_parameter"),
        ({"limit": "٣"}, "invalid_parameter"),
        ({"q": ""}, "invalid_parameter"),
        ({"q": "ü" * 300}, "invalid_parameter"),
        ({"q": " "}, "invalid_parameter"),
        ({"q": "m", "prefix": "m"}, "invalid_parameter"),
        ({"q": "m", "cursor": "aWQj"}, "cursor_mismatch"),
        ({"name": "mike"}, "unknown_parameter"),
        ({"cursor": "x"}, "cursor_mismatch"),
        ({"cursor": "é"}, "cursor_mismatch"),
        ({"cursor": "aWQj"}, "cursor_mismatch"),
    ],
)
def test_malformed_parameters_are_400(log: ManagedLog, query: dict[str, str], code: str) -> None:
    """Including a cursor that leads to rows other than names."""
    assert problem_of(log.manage("GET", "/v1/actors", query=query)) == (400, code)


def test_a_cursor_is_valid_for_its_prefix_only(log: ManagedLog) -> None:
    """It is refused with another prefix."""
    seen(log, {"username": "mia"}, {"username": "mike"})
    cursor = log.done("GET", "/v1/actors", query={"prefix": "mi", "limit": "1"})["next_cursor"]
    assert log.done("GET", "/v1/actors", query={"prefix": "mi", "cursor": cursor})["actors"][0]["username"] == "mike"
    refused = log.manage("GET", "/v1/actors", query={"prefix": "x", "cursor": cursor})
    assert problem_of(refused) == (400, "cursor_mismatch")


def test_people_are_for_those_who_read(log: ManagedLog) -> None:
    """A producer may not list them. Listing is not recorded, and shows nobody of another tenant."""
    seen(log, {"username": "mike.mars"})
    assert log.manage("GET", "/v1/actors", role="producer")["statusCode"] == 403
    for role in ("auditor", "admin", "operations"):
        assert len(log.done("GET", "/v1/actors", role=role)["actors"]) == 1
    assert log.recorded() == []
    other = ManagedLog(log.dynamodb, log.tables, tenant="acme2")
    assert picked(other) == []


def test_people_are_of_an_environment(log: ManagedLog) -> None:
    """A key sees its own one's. Another one is refused, and one that the tenant does not have is unknown."""
    seen(log, {"username": "mike.mars"})
    log.sent({"environment": "test", "actor": {"type": "user", "username": "mia"}})
    assert picked(log) == picked(log, environment="prod") == ["mike.mars"]
    assert picked(log, environment="test") == ["mia"]
    bound = log.done("GET", "/v1/actors", environment="test")["actors"]
    assert [one["username"] for one in bound] == ["mia"]
    denied = log.manage("GET", "/v1/actors", environment="test", query={"environment": "prod"})
    assert problem_of(denied) == (403, "environment_denied")
    assert problem_of(log.manage("GET", "/v1/actors", query={"environment": "none"})) == (404, "not_found")


def matched(log: ManagedLog, q: str, **query: str) -> list[list[str]]:
    """The usernames of each page."""
    pages: list[list[str]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = log.done("GET", "/v1/actors", query={"q": q, **query, **cursor})
        pages.append([one["username"] for one in answer["actors"]])
        if answer["next_cursor"] is None:
            return pages
        cursor = {"cursor": answer["next_cursor"]}


@pytest.mark.every_store
def test_people_are_found_by_the_beginning_of_any_word(log: ManagedLog) -> None:
    """Of a username or a name; without regard to case and to how marks are composed. The middle of a word is none."""
    seen(
        log,
        {"username": "ml-7", "name": "Maya Lindqvist"},
        {"username": "john_o'brien", "name": "John O'Brien"},
        {"username": "STRASSE.9", "name": "A\u030angstro\u0308m, Per"},
        {"username": "lindqvist@example.com"},
        {"username": "x\u0302y"},
        {"username": "yt", "name": "山田太郎"},
    )
    assert matched(log, "太郎") == matched(log, "山田") == [["yt"]]
    assert matched(log, "lind") == matched(log, "LIND") == [["lindqvist@example.com", "ml-7"]]
    assert matched(log, "maya lind") == matched(log, "lindqvist,  maya".replace(",", "")) == [["ml-7"]]
    assert matched(log, " maya ") == matched(log, "ml maya") == [["ml-7"]]
    assert matched(log, "maya john") == [[]]
    assert matched(log, "brien") == matched(log, "o'b") == [["john_o'brien"]]
    assert matched(log, "straß") == matched(log, "ång") == matched(log, "a\u030angströ") == matched(log, "9")
    assert matched(log, "9") == [["STRASSE.9"]]
    for part in ("qvist", "indq", "ngst", "\u0302y", ".*", "nobody"):
        assert matched(log, part) == [[]], part


NAMES = st.text("aAbßÅ7._ -", max_size=8)


@given(NAMES, st.lists(st.text("aAbßÅ7", min_size=1, max_size=3), max_size=3))
def test_the_words_of_a_name_are_runs_of_letters_and_digits(name: str, wanted: list[str]) -> None:
    """By a model that splits the name into them."""
    words = re.split(r"[\W_]+", name.casefold())
    model = all(any(word.startswith(each.casefold()) for word in words) for each in wanted)
    assert begin_words(folded(" ".join(wanted)).split(), name) == model


def test_a_word_finds_each_person_once_a_page_in_pages(log: ManagedLog) -> None:
    """Under every name that the person had. Pages go on where the last one ended."""
    seen(log, {"id": "u-1", "username": "a.mars"}, {"id": "u-1", "username": "b.mars"}, {"username": "c.mars"})
    seen(log, *({"username": f"d{number}.mars"} for number in range(4)), {"username": "z.nobody"})
    assert matched(log, "mars") == [["a.mars", "c.mars", "d0.mars", "d1.mars", "d2.mars", "d3.mars"]]
    assert matched(log, "mars", limit="2") == [["a.mars", "c.mars"], ["d0.mars", "d1.mars"], ["d2.mars", "d3.mars"]]


def test_a_request_reads_so_many_names_and_no_more(log: ManagedLog) -> None:
    """Then a page is empty and has a cursor; the next one goes on. The same after a second of reading."""
    rows = {had_row(f"p{n:05}", 1, str(n)): _row(n) for n in range(MAX_NAMES_READ + 10)}
    log.wiring.identities.insert(log.key(), rows)
    seen(log, {"username": "zoe"})
    assert matched(log, "zoe") == [[], ["zoe"]]
    late = iter(range(0, 10**9, 2_000))
    slow = ActorSearch(log.wiring.identities, lambda: next(late))
    found, place = slow.find(log.key(), "p00001", None, 50)
    assert ([one.username for one in found], place) == (["p00001"], had_row("p00999", 1, "999"))


def _row(number: int) -> dict[str, str]:
    return {
        "guid": str(number),
        "name": f"p{number:05}",
        "username": f"p{number:05}",
        "from": f"{1:013}",
        "turn": "0000",
    }


def test_a_guid_finds_its_person_forgotten_or_not(log: ManagedLog) -> None:
    """Under the latest name; a forgotten person by the GUID alone, and by no word."""
    seen(log, {"id": "u-1", "username": "mike.mars"})
    log.now += 1_000
    seen(log, {"id": "u-1", "username": "michael", "name": "Michael Mars"})
    guid = log.guid_of("mike.mars")
    mike = {"id": guid, "username": "michael", "name": "Michael Mars", "forgotten": False}
    assert log.done("GET", "/v1/actors", query={"q": guid.upper()})["actors"] == [mike]
    log.forget(guid)
    gone = {"id": guid, "username": guid, "name": None, "forgotten": True}
    assert log.done("GET", "/v1/actors", query={"q": guid}) == {"actors": [gone], "next_cursor": None}
    assert matched(log, "mike") == matched(log, guid.replace("a", "b").replace("1", "2")) == [[]]
