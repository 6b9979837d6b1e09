"""Checkpoints and proofs as text."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.ledger.checkpoints import Checkpoint, parse
from daybook.ledger.notes import BadNote
from daybook.ledger.proofs import proof_text

# https://c2sp.org/tlog-checkpoint.
TEXT = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
ROOT = base64.b64decode("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")


def test_the_published_checkpoint() -> None:
    checkpoint = Checkpoint("example.com/behind-the-sofa", 20_852_163, ROOT)
    assert checkpoint.text == TEXT
    assert parse(TEXT) == checkpoint


@given(st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_checkpoints_come_back(size: int, root: bytes) -> None:
    checkpoint = Checkpoint("daybook/abc", size, root)
    assert parse(checkpoint.text) == checkpoint


def test_extension_lines_are_read_over() -> None:
    """The standard allows them, and gives them no meaning."""
    assert parse(f"{TEXT}anything\nelse\n") == parse(TEXT)


@pytest.mark.parametrize(
    "text",
    [
        *("", "\n", "\n\n\n", TEXT[:-1], f"{TEXT}\n", f"{TEXT}x", f"{TEXT}\nx\n", f"\n{TEXT}", "a\n1\n", "a\n\n1\n"),
        *(
            TEXT.replace("20852163", written)
            for written in ("", "020852163", "-1", "+1", "1.0", "1 ", "٣", "1e3", "9" * 20)
        ),
        *(TEXT.replace("q2I=", written) for written in ("q2I", "q2J=", "q2I==", "q2", "", " q2I=")),
    ],
)
def test_a_mistyped_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(BadNote):
        parse(text)


def test_a_proof_is_laid_out_as_the_standard_says() -> None:
    """Header, index, hashes from the leaf up, an empty line, the checkpoint as it was signed."""
    note = f"{TEXT}\n\N{EM DASH} example.com/behind-the-sofa AAAA\n"
    hashes = [bytes([number]) * 32 for number in range(3)]
    lines = proof_text(73_894, hashes, note).split("\n")
    assert lines[:2] == ["c2sp.org/tlog-proof@v1", "index 73894"]
    assert [base64.b64decode(line, validate=True) for line in lines[2:5]] == hashes
    assert lines[5] == ""
    assert "\n".join(lines[6:]) == note


def test_the_proof_of_an_only_entry_has_no_hashes() -> None:
    assert proof_text(0, [], TEXT) == f"c2sp.org/tlog-proof@v1\nindex 0\n\n{TEXT}"
