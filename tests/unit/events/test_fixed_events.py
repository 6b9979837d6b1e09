"""Events as they were stored when the format was defined. No later change may alter a byte of them unnoticed.

Each file in `fixed/` has an event as sent and what is stored of it with the keys below. If a test fails here, proofs
and retries of stored events would fail too. The format never changes in place: a change adds a new version beside the
old one. Packed bytes may differ between builds of zlib, but the packed bytes in the files must open for ever.
"""

from pathlib import Path

import pytest

from daybook.events.canonical import leaf
from daybook.events.packing import unpack
from tests.support.fixed_events import FIXED, as_file, example_of, stored


@pytest.mark.parametrize("path", FIXED, ids=lambda path: path.stem)
def test_it_is_stored_as_it_was(path: Path) -> None:
    """The comparison covers id, canonical bytes, leaf, fingerprint, expiry and every key."""
    example = example_of(path)
    event, person_keys = stored(example)
    assert as_file(event) == example["stored"]
    assert {guid: key.hex() for guid, key in person_keys.items()} == example["person_keys"]


@pytest.mark.parametrize("path", FIXED, ids=lambda path: path.stem)
def test_what_was_packed_then_opens_now(path: Path) -> None:
    """It gives the same bytes and leaf."""
    example = example_of(path)
    encoded = unpack(bytes.fromhex(example["packed"]))
    assert encoded == example["stored"]["canonical"].encode()
    assert leaf(encoded).hex() == example["stored"]["leaf"]


def test_there_are_fixed_events() -> None:
    """A glob that finds nothing would prove nothing."""
    assert len(FIXED) >= 6
