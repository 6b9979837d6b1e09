"""Replacing names in free text with tokens, and restoring them."""

import re
import time
import unicodedata
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from daybook.people.tokens import Cast, untokenise
from daybook.text import folded

LETTERS = st.sampled_from("abzABZ019~.;_-@# éÉßẞſİıIiσςΣñ\u0301漢字ﬁ한\u3000\n'")  # noqa: RUF001  letters whose cases differ in length
TEXTS = st.text(LETTERS, max_size=40)
NAMES = st.lists(st.tuples(st.text(LETTERS, min_size=1, max_size=8), st.integers(0, 2)), max_size=6)


class Sealed:
    """A cast of persons 0 to 2, and the lists that would be sealed."""

    def __init__(
        self,
        names: list[tuple[str, int]],
        ids: list[tuple[str, int]] | None = None,
        traces: list[tuple[str, int]] | None = None,
    ) -> None:
        self.fields: dict[int, list[Any]] = {0: [], 1: [], 2: []}
        self.cast = Cast(self._note)
        for add, texts in (
            (self.cast.add_name, names),
            (self.cast.add_id, ids),
            (self.cast.add_trace, traces),
        ):
            for text, person in texts or ():
                add(text, person, self._note(person, text))

    def _note(self, person: int, value: Any) -> int:
        self.fields[person].append(value)
        return len(self.fields[person]) - 1

    def back(self, tokenised: str) -> Any:
        return untokenise(tokenised, lambda person, slot: self.fields[person][slot])


@given(NAMES, NAMES, NAMES, TEXTS)
@example([("~0", 0)], [], [], "~0.0;~~0.1;")
@example([("0.0", 0)], [], [], "~0.0; 0.0")
@example([("İi", 0)], [], [], "xİİi̇")
@example([("e", 0), ("été", 1)], [], [], "e\u0301te\u0301 ÉTÉ été")
def test_every_text_comes_back(
    names: list[tuple[str, int]], ids: list[tuple[str, int]], traces: list[tuple[str, int]], text: str
) -> None:
    """With any cast: as free text, as a label and as an id."""
    sealed = Sealed(names, ids, traces)
    for tokenised in (sealed.cast.text(text), sealed.cast.label(text), sealed.cast.identifier(text)):
        assert sealed.back(tokenised) == text


@given(st.text(LETTERS, min_size=3, max_size=8), TEXTS, TEXTS, st.sampled_from([str, str.lower, str.upper, str.title]))
def test_no_name_is_left_in_an_id(name: str, before: str, after: str, cased: Any) -> None:
    """Anywhere in it, in any case and composition."""
    assume(folded(cased(name)) == folded(name) and not re.fullmatch(r"[0-9~.;]*", name))
    written = unicodedata.normalize("NFD", cased(name))
    assume(unicodedata.normalize("NFC", before + written + after).count("\u0301") == 0)
    sealed = Sealed([(name, 0)])
    left = re.sub(r"~\d+\.\d+;", " ", sealed.cast.identifier(before + written + after))
    assert folded(name) not in folded(left)


MARKED_LETTERS = st.text(st.sampled_from("abzE9éñßậ漢\u0301\u0323\u0302\u0327\u0f73\u0344\u0345"), max_size=8)


@st.composite
def spellings(draw: st.DrawFn) -> tuple[str, str]:
    """A name that is searched for, and a text that is canonically equal to it."""
    name = (
        draw(st.sampled_from("azEéậ漢"))
        + draw(MARKED_LETTERS)
        + draw(st.sampled_from(["ñ", "ậ\u0327", "b\u0323\u0302"]))
    )
    spelling = list(unicodedata.normalize(draw(st.sampled_from(["NFC", "NFD"])), name))
    for _ in range(draw(st.integers(0, 6))):
        place = draw(st.integers(0, len(spelling) - 2))
        classes = [unicodedata.combining(each) for each in spelling[place : place + 2]]
        if all(classes) and classes[0] != classes[1]:  # the order of these says nothing
            spelling[place : place + 2] = reversed(spelling[place : place + 2])
    return name, "".join(spelling)


@given(spellings(), st.sampled_from(["", " ", "ab ", "Ḁ", "漢"]), st.sampled_from(["", " ", "-é", "b", "漢"]))
@example(("Nh\u1eadt Minh", "Nh\u00e2\u0323t Minh"), "", " left")
def test_every_spelling_of_a_name_is_replaced(spelled: tuple[str, str], before: str, after: str) -> None:
    """Marks may be parts of letters, or come in any order that Unicode counts as equal."""
    name, spelling = spelled
    sealed = Sealed([(name, 0)])
    for tokenise in (sealed.cast.text, sealed.cast.label, sealed.cast.identifier):
        tokenised = tokenise(f"{before}{spelling}{after}")
        assert re.fullmatch(rf"{before}~0\.\d+;{after}", tokenised)
        assert sealed.back(tokenised) == f"{before}{spelling}{after}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mike.mars logged in", "~0.0; logged in"),
        ("by Mike.Mars.", "by ~0.1;."),
        ("MIKE.MARS", "~0.1;"),
        ("(mike.mars)", "(~0.0;)"),
        ("mike.marsian, xmike.mars", "mike.marsian, xmike.mars"),
        ("mike.mars_2 1mike.mars", "mike.mars_2 1mike.mars"),
        ("mike.mars's, mike.mars-ltd", "~0.0;'s, ~0.0;-ltd"),
        ("mike.marś", "mike.marś"),
        ("mike.mars\u0301", "mike.mars\u0301"),
        ("", ""),
    ],
)
def test_names_in_ascii_are_found_at_word_boundaries(text: str, expected: str) -> None:
    """In any case. A letter with a mark is another letter."""
    assert Sealed([("mike.mars", 0)]).cast.text(text) == expected


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("müller", "müllers Konto", "~0.0;s Konto"),
        ("müller", "beim Obermüller", "beim Ober~0.0;"),
        ("müller", "mu\u0308ller", "~0.1;"),
        ("佐藤花子", "佐藤花子さんが承認", "~0.0;さんが承認"),
        ("straße", "STRASSE", "~0.1;"),
        ("strasse", "Straße", "~0.1;"),
        ("İlker", "i̇lker", "~0.1;"),
        ("ilker", "İLKER", "İLKER"),
        ("Σίσυφος", "ΣΊΣΥΦΟΣ", "~0.1;"),
        ("하", "한국", "한국"),
        ("山田", "山田さんが承認", "~0.0;さんが承認"),
        ("李娜", "由李娜批准", "由~0.0;批准"),
        ("e\u0301", "e\u0301te\u0301", "e\u0301te\u0301"),
        ("Zoe\u0301", "Zoe\u0301\u0302", "Zoe\u0301\u0302"),
        ("mu\u0308ller", "beim Obermüller", "beim Ober~0.1;"),
    ],
)
def test_names_beyond_ascii_are_found_anywhere(name: str, text: str, expected: str) -> None:
    """In any case and composition, but never half a letter."""
    assert Sealed([(name, 0)]).cast.text(text) == expected


def test_the_longest_name_is_replaced_first() -> None:
    """Wherever it occurs. The rest of a name that overlaps it stays unchanged."""
    sealed = Sealed([("jane", 0), ("jane roe", 1), ("roe & partners", 2)])
    assert sealed.cast.text("jane roe, jane") == "~1.0;, ~0.0;"
    assert sealed.cast.text("jane roe & partners") == "~0.0; ~2.0;"


def test_short_names_are_replaced_only_as_the_whole_text() -> None:
    """Two ASCII characters are often a word, and so is one letter beyond ASCII."""
    sealed = Sealed([("jo", 0), ("al", 1), ("李", 2)])
    assert sealed.cast.text("李娜") == "李娜"
    assert sealed.cast.text("jo met al") == "jo met al"
    assert sealed.cast.label("jo") == "~0.0;"
    assert sealed.cast.label("Al") == "~1.1;"
    assert sealed.cast.identifier("jo") == "~0.0;"
    assert sealed.cast.identifier("jo-1") == "jo-1"


def test_ids_as_a_whole_text_are_case_sensitive() -> None:
    """Names are not. Within texts, ids are found at boundaries like names, unless they are numbers."""
    sealed = Sealed([("mike", 0)], [("Mike", 1), ("1001", 2), ("u-17", 2)])
    assert sealed.cast.label("MIKE") == "~0.1;"
    assert Sealed([], [("Mi", 1)]).cast.label("Mi") == "~1.0;"
    assert Sealed([], [("Mi", 1)]).cast.label("mi") == "mi"
    assert sealed.cast.text("from 1001 to u-17") == "from 1001 to ~2.1;"
    assert sealed.cast.identifier("order-1001-U-17") == "order-1001-~2.2;"
    assert sealed.cast.identifier("1001") == "~2.0;"


def test_other_texts_of_a_person_are_found_within_texts_and_name_nobody() -> None:
    """An address as a whole text becomes a token too. One that is too short to search for stays."""
    sealed = Sealed([], [], [("203.0.113.7", 0), ("…", 1)])
    assert sealed.cast.text("login from 203.0.113.7!") == "login from ~0.0;!"
    assert sealed.cast.label("203.0.113.7") == "~0.0;"
    assert sealed.cast.label("…") == "…"


def test_a_text_of_one_token_keeps_its_type() -> None:
    """A person's number comes back as a number."""
    sealed = Sealed([])
    assert sealed.back(sealed.cast.whole(0, 45)) == 45
    assert sealed.back(f"{sealed.cast.whole(0, 45)}!") == "45!"


@pytest.mark.parametrize("name", ["aaa", ".aa", "a a", "äaa", "a\u0301\u0323"])
def test_a_long_text_takes_linear_time(name: str) -> None:
    """32 KB of near matches, for two hundred names: the cost does not grow with the square of the length.

    Four times the text takes about four times as long; quadratic growth would take sixteen times.
    """
    names = [(name * count, 0) for count in range(1, 200)]

    def seconds(times: int) -> float:
        started = time.process_time()
        for text in ("a" * 8_000, "a " * 4_000, ".aab" * 2_000, "a" + "\u0301\u0323" * 4_000):
            Sealed(names).cast.text(text * times)
            Sealed(names).cast.identifier(text * times)
        return time.process_time() - started

    assert seconds(4) < 10 * min(seconds(1) for _ in range(3)) + 0.5


def test_what_was_cut_off_a_name_is_replaced_with_it() -> None:
    """As far as a text goes on like the name: the text may have been cut, too. Another name that begins alike stays."""
    name, beyond_ascii = "jane.roe" + "b" * 300 + "@corp.example", "Zoë " + "é\u0301\u0323" * 200
    sealed = Sealed([(name[:256], 0), ("roe.roe", 2)])
    sealed.cast.add_rest(name[:256], name, 0, is_full_name=False)
    sealed.cast.add_full_name(beyond_ascii[:255], 1, 0)
    sealed.cast.add_rest(beyond_ascii[:255], beyond_ascii, 1, is_full_name=True)
    for text, expected in (
        (f"to {name}, {name.upper()}!", "to ~0;, ~0;!"),
        (f"to {name[:290]}", "to ~0;"),
        (f"to {name[:256]}", "to ~0;"),
        (f"to {name}x", f"to {name}x"),
        (f"to {name}/roe.roe", "to ~0;/~2;"),
        (f"to {unicodedata.normalize('NFD', beyond_ascii)}s", "to ~1;s"),
        (f"to {beyond_ascii[:298]}", "to ~1;"),
    ):
        tokenised = sealed.cast.text(text)
        assert re.sub(r"(~\d)\.\d+;", r"\1;", tokenised) == expected
        assert sealed.back(tokenised) == text
    assert re.fullmatch(r"mbx:~0\.\d+;", sealed.cast.identifier(f"mbx:{name}"))
    assert sealed.cast.is_full_name(beyond_ascii)


def test_a_name_that_was_cut_is_searched_in_linear_time() -> None:
    name = ".aab" * 8_000
    sealed = Sealed([(name[:256], 0)])
    sealed.cast.add_rest(name[:256], f"{name}z", 0, is_full_name=False)
    started = time.process_time()
    sealed.cast.text(f"{name[:31_000]}aax")
    sealed.cast.text(f"{name[:256]}x" * 120)
    assert time.process_time() - started < 1
