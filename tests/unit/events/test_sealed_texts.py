"""Names of others within the sealed texts of a person: nothing of them remains once they are forgotten."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.events.mentions import Mention
from daybook.events.people_fields import SealedPeople
from daybook.events.reader import Opened
from daybook.ids import lowest_id
from daybook.people.identities import Person, Reference
from daybook.tenant import Tenant
from daybook.text import folded

GUIDS = ["0guid", "1guid", "2guid"]
ID = lowest_id(1)
KEYS = {guid: bytes([number]) * 32 for number, guid in enumerate(GUIDS)}
ENTRY = {"v": 1, "id": ID, "tenant": "acme", "environment": "prod", "actor": {"type": "system"}}


def sealed(mentions: list[Mention], about: list[Any]) -> dict[str, Any]:
    """The content of an event whose target is the first person, with values that are said about that person."""
    people = SealedPeople(mentions, None, None, [Person(guid, KEYS[guid]) for guid in GUIDS[: len(mentions)]])
    changes = [{"field": "f", "to": people.cast.token_for_whole(str(text)) or people.about(0, text)} for text in about]
    return {**ENTRY, "changes": changes, "people": people.written(Tenant("acme"), "prod", ID)}


def opened(content: dict[str, Any], *forgotten: int) -> Opened:
    keys = {guid: key for number, (guid, key) in enumerate(KEYS.items()) if number not in forgotten}
    return Opened(content, keys)


def mention(username: str, name: str | None = None, email: str | None = None) -> Mention:
    return Mention(Reference(username=username), name, email, declared=True)


JANE = mention("jane.roe", "Jane Roe", "jane@roe.example")


def shown(content: dict[str, Any], *forgotten: int) -> tuple[list[Any], list[Any]]:
    """The people's names, and the values of the changes."""
    event = opened(content, *forgotten)
    return [each["name"] for each in event.declared() or []], [each["to"] for each in event.changes() or []]


@pytest.mark.parametrize(
    ("name", "then"),
    [
        ("Team of Jane Roe", "Team of 1guid"),
        ("TEAM OF JANE ROE", "TEAM OF 1guid"),
        ("c/o jane@roe.example", "c/o 1guid"),
        ("Jane Roe", "Jane Roe"),
        ("Jane Roeder", "Jane Roeder"),
        ("Jane", "Jane"),
        ("jane.roe's team", "jane.roe's team"),
    ],
)
def test_a_full_name_gives_way_to_shorter_ones(name: str, then: str) -> None:
    """To whole full names and e-mails of others, not to usernames, and never to one that is as long."""
    content = sealed([mention("team", name), JANE], [])
    assert shown(content)[0] == [name, "Jane Roe"]
    assert shown(content, 1)[0] == [then, None]


@pytest.mark.parametrize(
    ("value", "then"),
    [
        ("manager: Jane Roe", "manager: 1guid"),
        ("jane.roe, mike.mars", "1guid, mike.mars"),
        ("Mike Mars and JANE ROE", "Mike Mars and 1guid"),
        (5, 5),
        ("~1.0; ~~", "~1.0; ~~"),
    ],
)
def test_what_is_said_of_a_user_keeps_the_users_own_names(value: Any, then: Any) -> None:
    """Others' names are tokens, as in free text. All of it goes with the user."""
    content = sealed([mention("mike.mars", "Mike Mars"), JANE], [value])
    assert shown(content)[1] == [value]
    assert shown(content, 1)[1] == [then]
    assert shown(content, 0)[1] == ["0guid"]


def test_usernames_emails_and_ids_stay() -> None:
    """They are never tokenised, though they hold the name of somebody else."""
    whose = Mention(Reference("id of Jane Roe", "jane roe (deputy)"), "Deputy", "jane roe@x.example", declared=True)
    (person, _) = opened(sealed([whose, JANE], []), 1).declared() or []
    assert (person["client_id"], person["username"], person["email"]) == (
        "id of Jane Roe",
        "jane roe (deputy)",
        "jane roe@x.example",
    )


WORDS = st.sampled_from(
    ["Ann", "Bo Lee", "~", "~1.1;", "x~0.0;", "Zoe\u0308", "of", "a@b.example", "Müller", "李娜", "."]
)
TEXTS = st.lists(WORDS, min_size=1, max_size=4).map(" ".join)


def _username(person: Mention) -> str:
    return folded(person.reference.username or "")


PEOPLE = st.lists(st.builds(mention, TEXTS, TEXTS, TEXTS), min_size=1, max_size=3, unique_by=_username)


@given(PEOPLE, st.lists(TEXTS | st.integers(), max_size=3))
def test_every_sealed_text_comes_back(mentions: list[Mention], about: list[Any]) -> None:
    """With any cast, and whatever the names hold: tokens of others, or text that looks like one."""
    content = sealed(mentions, about)
    event = opened(content)
    assert [each["to"] for each in event.changes() or []] == about
    declared = event.declared() or []
    assert [(each["username"], each["name"], each["email"]) for each in declared] == [
        (each.reference.username, each.name, each.email) for each in mentions
    ]


@given(st.lists(st.sampled_from(["Zed", "Ann Q", "qq@x.example", "9"]), min_size=1, max_size=4), st.booleans())
def test_nothing_of_the_forgotten_remains(pieces: list[str], in_name: bool) -> None:
    """Neither in another person's full name nor in what is said of another person."""
    gone = mention("zed.ann", "Ann Q", "qq@x.example")
    text = f"<{' '.join(pieces)}>"
    content = sealed([mention("mike", text if in_name else "Mike"), gone], [] if in_name else [text])
    names, values = shown(content, 1)
    said = folded(repr([*names, *values]))
    assert "ann q" not in said
    assert "qq@x" not in said
