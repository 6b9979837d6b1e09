"""Texts and their compositions."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.text import composed, decomposed, folded, letters

MARKS = "".join(c for c in map(chr, range(0x110000)) if unicodedata.combining(unicodedata.normalize("NFD", c)[0]))
LETTERS = "aAéß\u017fİΣᾳ한각ᄀ\u1161\u11a8\u0958\U0001d15e漢\u1f82\u212b"


@given(st.text(st.sampled_from(MARKS) | st.sampled_from(LETTERS), min_size=1, max_size=40))
def test_a_text_is_composed_as_unicode_says(text: str) -> None:
    """Also where it is so long that its marks are sorted first."""
    assert composed(text) == unicodedata.normalize("NFC", text)
    assert composed(text * 1_001) == unicodedata.normalize("NFC", text * 1_001)


@given(st.text(st.sampled_from(MARKS) | st.sampled_from(LETTERS) | st.characters(), min_size=1, max_size=40))
def test_a_text_is_folded_as_unicode_says(text: str) -> None:
    """Also where it is so long that its marks are sorted first. Its letters are the runs of one starter each."""
    for each in (text, text * 1_001):
        nfd = unicodedata.normalize("NFD", each)
        assert decomposed(each) == nfd
        assert folded(each) == unicodedata.normalize("NFC", nfd.casefold())
    assert "".join(letters(text)) == text
    assert [letter[0] for letter in letters(text)] == [
        each for place, each in enumerate(text) if not place or each not in MARKS
    ]


@pytest.mark.parametrize("marks", ["\u0301\u0323", "\u0f73", "\u0344\u0323", "\u0345\u0327\u0301"], ids=ascii)
def test_composing_takes_little_more_than_linear_time(marks: str) -> None:
    """Python alone takes minutes for a million marks behind one letter."""
    text = f"e{marks * (600_000 // len(marks))}"
    for form in (composed, decomposed, folded):
        started = time.process_time()
        once = form(text)
        assert time.process_time() - started < 5
        assert form(once) == once
