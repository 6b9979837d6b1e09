"""Text of others on a terminal."""

import json

from hypothesis import given
from hypothesis import strategies as st

from daybook_client.cli.plain import json_line, plain

ANYTHING = st.text(st.characters(codec=None))
ACTIVE = {chr(code) for code in (*range(0x20), *range(0x7F, 0xA0), 0x202E, 0x2066, 0x2028)}


@given(ANYTHING)
def test_nothing_active_reaches_a_terminal(text: str) -> None:
    """Neither control characters nor marks that reorder what follows, and it can be written as UTF-8."""
    shown = plain(text)
    assert not set(shown) & ACTIVE
    shown.encode()


@given(ANYTHING)
def test_json_says_the_same_without_active_characters(text: str) -> None:
    """A reader of the JSON has the text as it was sent."""
    line = json_line({text: [text]})
    assert not set(line) & ACTIVE
    line.encode()
    assert json.loads(line) == {text: [text]}


def test_escapes_are_readable() -> None:
    """A reader sees what was there."""
    assert plain("a\x1b[31mb\nc\u202ed") == "a\\x1b[31mb\\nc\\u202ed"
