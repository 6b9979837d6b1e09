"""The 75 bytes of an entry."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.errors import UnknownFormat
from daybook.ids import ALPHABET
from daybook.ledger.entries import ENTRY_BYTES, Entry, decode, encode, split

IDS = st.text(ALPHABET, min_size=36, max_size=36)
ENTRIES = st.builds(Entry, IDS, st.integers(0, 2**48 - 1), st.binary(min_size=32, max_size=32))
ENTRY = Entry("01JD8Z3M5T" + "7" + "0" * 25, 1_764_188_667_123, bytes(range(32)))


def test_an_entry_is_laid_out_as_specified() -> None:
    """Kind, id, six bytes of milliseconds, leaf."""
    assert encode(ENTRY) == b"\x01" + ENTRY.id.encode() + bytes.fromhex("019ac1d6bcf3") + bytes(range(32))
    assert len(encode(ENTRY)) == ENTRY_BYTES == 75


@given(st.lists(ENTRIES, max_size=5))
def test_entries_come_back(entries: list[Entry]) -> None:
    assert [*split(b"".join(map(encode, entries)))] == entries


@pytest.mark.parametrize(
    "entry",
    [
        ENTRY._replace(id=ENTRY.id[1:]),
        ENTRY._replace(id="é" + ENTRY.id[1:]),
        ENTRY._replace(received_ms=-1),
        ENTRY._replace(received_ms=1 << 48),
        ENTRY._replace(leaf=bytes(31)),
    ],
)
def test_what_does_not_fit_is_not_written(entry: Entry) -> None:
    """Rather than an entry of another length."""
    with pytest.raises(ValueError):
        encode(entry)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        encode(ENTRY)[:-1],
        encode(ENTRY) + b"\0",
        b"\x02" + encode(ENTRY)[1:],
        b"\x00" + encode(ENTRY)[1:],
        encode(ENTRY)[:5] + b"\xc3" + encode(ENTRY)[6:],
    ],
)
def test_other_bytes_are_an_unknown_format(data: bytes) -> None:
    """A later kind of entry too: whoever does not know it can't say that anything is complete."""
    with pytest.raises(UnknownFormat):
        decode(data)
    if data:
        with pytest.raises(UnknownFormat):
            [*split(encode(ENTRY) + data)]
