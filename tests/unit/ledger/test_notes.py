"""Signed notes, cosignatures and verifier keys."""

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from daybook.ledger.notes import (
    COSIGNATURE,
    ED25519,
    MAX_SIGNATURES,
    BadNote,
    Signature,
    VerifierKey,
    open_note,
    parse_key,
    sign_note,
)

# https://c2sp.org/signed-note, section "Example".
LINE = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
TEXT = "This is an example message.\n"
NOTE = f"""{TEXT}
\N{EM DASH} example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
"""
# golang.org/x/mod/sumdb/note, example_test.go.
GO_LINE = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "\N{EM DASH} PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)

CHECKPOINT = "daybook/logs/x\n3\n" + base64.b64encode(bytes(32)).decode() + "\n"


class Signer:
    def __init__(self, name: str, key_type: int, seed: int) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self.key = VerifierKey(name, key_type, self._private.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message)


LOG = Signer("daybook/logs/x", ED25519, 1)
CLOCK = Signer("daybook/logs/x", COSIGNATURE, 2)
OTHER = Signer("example.com/other", ED25519, 3)


def signed(text: str = CHECKPOINT) -> str:
    return sign_note(text, [(LOG.key, LOG.sign, None), (CLOCK.key, CLOCK.sign, 1_679_315_147)])


@pytest.mark.parametrize(("line", "note"), [(LINE, NOTE), (GO_LINE, GO_NOTE)])
def test_the_published_examples_verify(line: str, note: str) -> None:
    """Of the standard, and of Go's package."""
    key = parse_key(line)
    assert key.line == line
    text, signatures = open_note(note, [key])
    assert note.startswith(f"{text}\n\N{EM DASH} ")
    assert signatures == [Signature(key, None)]


def test_a_cosignature_is_laid_out_as_the_standard_says() -> None:
    """Key id with type 0x04, eight bytes of time, and a signature over header, time and checkpoint."""
    name, written = signed().splitlines()[-1].removeprefix("\N{EM DASH} ").split(" ")
    made = base64.b64decode(written)
    public = CLOCK.key.public
    assert name == "daybook/logs/x"
    assert made[:4] == hashlib.sha256(b"daybook/logs/x\n\x04" + public).digest()[:4] == CLOCK.key.id
    assert made[4:12] == (1_679_315_147).to_bytes(8, "big")
    message = f"cosignature/v1\ntime 1679315147\n{CHECKPOINT}".encode()
    Ed25519PublicKey.from_public_bytes(public).verify(made[12:], message)


def test_what_was_signed_opens() -> None:
    """With all of the keys, or with one of them: the signatures of unknown keys are ignored."""
    both = [Signature(LOG.key, None), Signature(CLOCK.key, 1_679_315_147)]
    assert open_note(signed(), [CLOCK.key, LOG.key, OTHER.key]) == (CHECKPOINT, both)
    assert open_note(signed(), [LOG.key]) == (CHECKPOINT, both[:1])
    assert open_note(signed(), [CLOCK.key]) == (CHECKPOINT, both[1:])


def test_a_note_without_a_known_signer_is_refused() -> None:
    """A key that shares the name or the id, but not both, is another key."""
    renamed = VerifierKey("daybook/logs/y", ED25519, LOG.key.public)
    same_name = VerifierKey(LOG.key.name, ED25519, OTHER.key.public)
    for keys in ([], [OTHER.key], [renamed], [same_name]):
        with pytest.raises(BadNote, match="no known key"):
            open_note(signed(), keys)


def test_one_wrong_signature_of_a_known_key_spoils_the_note() -> None:
    """Even if another known key signed it well."""
    forged = sign_note(CHECKPOINT, [(LOG.key, LOG.sign, None), (OTHER.key, LOG.sign, None)])
    assert open_note(forged, [LOG.key])
    with pytest.raises(BadNote, match="wrong"):
        open_note(forged, [LOG.key, OTHER.key])


def test_the_text_may_hold_empty_lines() -> None:
    """It ends at the last empty line."""
    text = "one\n\ntwo\n"
    assert open_note(signed(text), [LOG.key])[0] == text


def test_a_cosigner_has_a_time_and_nobody_else() -> None:
    for signer, time_s in ((LOG, 5), (CLOCK, None)):
        with pytest.raises(ValueError):
            sign_note(CHECKPOINT, [(signer.key, signer.sign, time_s)])


@given(st.data())
def test_a_note_with_one_other_character_is_refused(data: st.DataObject) -> None:
    """Whatever stands at whichever place: the note is authentic as it is, or not at all."""
    note = sign_note(CHECKPOINT, [(LOG.key, LOG.sign, None)])
    at = data.draw(st.integers(0, len(note) - 1))
    character = data.draw(st.characters().filter(lambda drawn: drawn != note[at]))
    with pytest.raises(BadNote):
        open_note(note[:at] + character + note[at + 1 :], [LOG.key])


@pytest.mark.parametrize(
    "note",
    [
        *("", "\n", "\n\n", TEXT, f"{TEXT}\n", NOTE[:-1], f"{NOTE}\n", f"{NOTE}x\n", NOTE.replace("\n\n", "\n")),
        *(NOTE.replace("\N{EM DASH}", "-"), NOTE.replace("\N{EM DASH} ", "\N{EM DASH}"), NOTE.replace("foo ", "foo")),
        *(NOTE.replace("foo ", "foo  "), NOTE.replace("foo", "f+o"), NOTE.replace("foo", "f\u2003o")),
        *(NOTE.replace("aQM=", "aQN="), NOTE.replace("aQM=", "aQM"), NOTE.replace("\n", "\r\n"), f"\t{NOTE}"),
        *(f"{TEXT}\n\N{EM DASH} example.com/foo Uw2QOg==\n", f"\ud800{NOTE}"),
    ],
)
def test_a_mistyped_note_is_refused(note: str) -> None:
    """Also where the mistyped line is nobody's that we know."""
    for keys in ([parse_key(LINE)], [OTHER.key]):
        with pytest.raises(BadNote):
            open_note(note, keys)
    with pytest.raises(BadNote):
        open_note(f"{note}{signed()[signed().index(chr(8212)) :]}", [LOG.key])


def test_a_note_has_a_bounded_number_of_signatures() -> None:
    """More than the sixteen that the standard asks for."""
    assert MAX_SIGNATURES >= 16
    line = signed().splitlines(keepends=True)[-2]
    full = f"{CHECKPOINT}\n{line * MAX_SIGNATURES}"
    assert len(open_note(full, [LOG.key])[1]) == MAX_SIGNATURES
    with pytest.raises(BadNote, match="too many"):
        open_note(full + line, [LOG.key])


@pytest.mark.parametrize("signer", [LOG, CLOCK])
def test_key_lines_come_back(signer: Signer) -> None:
    assert parse_key(signer.key.line) == signer.key


@pytest.mark.parametrize(
    "line",
    [
        *("", "+", "++", LINE[:-1], LINE + "A", LINE + "\n", " " + LINE, LINE.upper(), LINE.replace("+", " ")),
        *(
            LINE.replace("530d903a", "530D903A"),
            LINE.replace("530d903a", "530d903b"),
            LINE.replace("530d903a", "530d903"),
        ),
        *(LINE.replace("foo", "fo"), LINE.replace("foo", "f o"), LINE.removeprefix("example.com/foo")),
        LINE[:-1] + "l",  # the same key with stray bits
        VerifierKey("example.com/foo", 2, bytes(32)).line,
        VerifierKey("example.com/foo", ED25519, bytes(31)).line,
        VerifierKey("example.com/foo", COSIGNATURE, bytes(33)).line,
        "example.com/foo+530d903a+",
        "example.com/foo+530d903a+=",
    ],
)
def test_a_mistyped_key_line_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="verifier key"):
        parse_key(line)


def test_a_key_that_is_no_point_of_the_curve_verifies_nothing() -> None:
    """Rather than raising something else."""
    key = VerifierKey("example.com/foo", ED25519, b"\xff" * 32)
    with pytest.raises(BadNote):
        open_note(sign_note(TEXT, [(key, LOG.sign, None)]), [parse_key(key.line)])
    with pytest.raises(BadNote):
        open_note(
            f"{TEXT}\n\N{EM DASH} a {base64.b64encode(CLOCK.key.id + b'abc').decode()}\n",
            [VerifierKey("a", COSIGNATURE, bytes(32)), CLOCK.key._replace(name="a")],
        )
