"""Signed notes and checkpoints, held against C2SP's published examples and against what an attacker would try."""

import pytest

from daybook_verify import checkpoints, notes
from daybook_verify.checkpoints import Trust
from daybook_verify.errors import CannotTell, NotGenuine
from daybook_verify.notes import parse_key
from tests.support.page_verifier import agree_on
from tests.verify.made_log import COSIGNATURE, LOG, LOGS_TIME, ORIGIN, STRANGER, WITNESS, MadeLog, Signer, b64

PUBLISHED_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
PUBLISHED_NOTE = """This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
"""
TRUST = Trust((parse_key(LOG.line),))


def log_of(size: int) -> MadeLog:
    return MadeLog(entries=[b"\x01" + bytes([number]) * 74 for number in range(size)])


def test_the_published_note_verifies() -> None:
    """The example of C2SP's signed-note."""
    key = parse_key(PUBLISHED_KEY)
    assert key.line == PUBLISHED_KEY
    note = notes.parse(PUBLISHED_NOTE)
    assert note.text == "This is an example message.\n"
    assert [each.key for each in notes.verified(note, [key])] == [key]


def signed_by(note: str) -> list[list[object]]:
    """The published key's line, and its time, for each of its signatures."""
    return [[each.key.line, each.time] for each in notes.verified(notes.parse(note), [parse_key(PUBLISHED_KEY)])]


@pytest.mark.parametrize("at", range(len(PUBLISHED_NOTE)))
def test_no_character_of_the_published_note_can_be_changed(at: int) -> None:
    """Its key has signed nothing else."""
    changed = PUBLISHED_NOTE[:at] + chr(ord(PUBLISHED_NOTE[at]) ^ 1) + PUBLISHED_NOTE[at + 1 :]
    try:
        signed = agree_on("note", lambda: signed_by(changed), note=changed, keys=[PUBLISHED_KEY])
    except NotGenuine:
        return
    assert signed == []


@pytest.mark.parametrize(
    "line",
    [
        "",
        "example.com/foo",
        PUBLISHED_KEY.replace("foo", "fop"),
        PUBLISHED_KEY.replace("530d", "530e"),
        PUBLISHED_KEY.replace("530d903a", "530D903A"),
        PUBLISHED_KEY[:-1],
        PUBLISHED_KEY[:-4],
        f"{PUBLISHED_KEY}A",
        PUBLISHED_KEY.replace("AekyeR", "AekyeS"),
        PUBLISHED_KEY.replace("Aeky", "Beky"),
        PUBLISHED_KEY.replace("/foo", "/f oo"),
        "example.com/foo+530d903a+",
        "é\ud800+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    ],
)
def test_a_mistyped_key_is_no_key(line: str) -> None:
    """The auditor's own mistake says nothing of the log."""
    with pytest.raises(CannotTell):
        agree_on("key", lambda: parse_key(line).line, line=line)


def test_a_cosignature_says_when() -> None:
    """Type 0x04 signs the time with the text. Only whom the auditor trusts is asked."""
    note = log_of(3).note(seconds=1_679_315_147, signers=(LOG, LOGS_TIME, WITNESS))
    signed = checkpoints.opened(
        note, Trust((parse_key(LOG.line), parse_key(LOGS_TIME.line)), (parse_key(WITNESS.line),))
    )
    assert [each.time for each in signed.signatures] == [None, 1_679_315_147, 1_679_315_147]
    assert signed.cosigned_at([parse_key(WITNESS.line)]) == 1_679_315_147
    assert signed.cosigned_at([parse_key(STRANGER.line)]) is None
    line = note.splitlines()[-1]
    later = WITNESS.sign(note.partition("\n\n")[0] + "\n", 1_679_315_148)
    with pytest.raises(NotGenuine):
        checkpoints.opened(
            note.replace(line, line[:-80] + later.strip()[-80:]), Trust(TRUST.keys, (parse_key(WITNESS.line),))
        )


def test_unknown_signers_are_ignored() -> None:
    """Also one that has a known key's name and another id, or its id and another name."""
    text = log_of(2).note().partition("\n\n")[0] + "\n"
    namesake, same_id = Signer(ORIGIN, seed=b"n" * 32), f"— other.example {b64(LOG.id + bytes(64))}\n"
    lines = [STRANGER.sign(text), namesake.sign(text), same_id, LOG.sign(text)] + [WITNESS.sign(text)] * 12
    assert checkpoints.opened(f"{text}\n{''.join(lines)}", TRUST).checkpoint.size == 2
    with pytest.raises(NotGenuine):
        checkpoints.opened(f"{text}\n{''.join(lines[:3])}", TRUST)


def test_a_false_signature_beside_a_true_one_refuses_the_note() -> None:
    """In the name of a known key there is no other signature."""
    text = log_of(2).note().partition("\n\n")[0] + "\n"
    with pytest.raises(NotGenuine):
        checkpoints.opened(f"{text}\n{LOG.sign(text)}{LOG.sign(text + '.')}", TRUST)


def test_a_cosigner_does_not_speak_for_the_log() -> None:
    """Nor does the log's own key of times by itself."""
    for signer in (WITNESS, LOGS_TIME):
        with pytest.raises(NotGenuine):
            checkpoints.opened(log_of(1).note(signers=(signer,)), Trust((parse_key(signer.line),)))
    with pytest.raises(NotGenuine):
        checkpoints.opened(log_of(1).note(signers=(WITNESS,)), Trust(TRUST.keys, (parse_key(WITNESS.line),)))


def test_a_key_speaks_for_the_log_of_its_name() -> None:
    """Or for the one log that the auditor names, and for none whose name only begins like it."""
    deployment = Signer("daybook")
    trust = Trust((parse_key(deployment.line),))
    note = log_of(1).note(signers=(deployment,))
    assert checkpoints.opened(note, Trust(trust.keys, (), ORIGIN))
    assert checkpoints.opened(MadeLog("daybook").note(signers=(deployment,)), trust)
    for origin, named in ((ORIGIN, None), ("daybook/2", None), ("other/x", None), (ORIGIN, f"{ORIGIN}x")):
        with pytest.raises(NotGenuine):
            checkpoints.opened(MadeLog(origin).note(signers=(deployment,)), Trust(trust.keys, (), named))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        f"{ORIGIN}\n1\n",
        f"{ORIGIN}\n01\n{b64(bytes(32))}\n",
        f"{ORIGIN}\n+1\n{b64(bytes(32))}\n",
        f"{ORIGIN}\n1_0\n{b64(bytes(32))}\n",
        f"{ORIGIN}\n٣\n{b64(bytes(32))}\n",
        f"{ORIGIN}\n-1\n{b64(bytes(32))}\n",
        f"{ORIGIN}\n{1 << 63}\n{b64(bytes(32))}\n",
        f"{ORIGIN}\n0\n{b64(bytes(32))}\n",
        f"{ORIGIN}\n1\n{b64(bytes(31))}\n",
        f"{ORIGIN}\n1\n{b64(bytes(32))[:-1]}\n",
        f"{ORIGIN}\n1\n{b64(bytes(32))}\n\nmore\n",
        f"\n1\n{b64(bytes(32))}\n",
        f"{ORIGIN}\r\n1\r\n{b64(bytes(32))}\r\n",
    ],
)
def test_a_signed_text_that_is_no_checkpoint(text: str) -> None:
    """A true signature does not mend it."""
    note = f"{text}\n{LOG.sign(text)}"
    given = {"note": note, "keys": [LOG.line], "cosigners": [], "origin": None}
    with pytest.raises(NotGenuine):
        agree_on("checkpoint", lambda: checkpoints.opened(note, TRUST).checkpoint.size, **given)


def test_extension_lines_are_allowed() -> None:
    """The specification advises against them, and demands that they are read."""
    text = f"{ORIGIN}\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nmore\n"
    assert checkpoints.opened(f"{text}\n{LOG.sign(text)}", TRUST).checkpoint.size == 0


def test_a_time_beyond_the_specification_is_refused() -> None:
    """It must not exceed 2^63 - 1."""
    signer = Signer(ORIGIN, COSIGNATURE)
    note = log_of(1).note(seconds=1 << 63, signers=(LOG, signer))
    with pytest.raises(NotGenuine):
        checkpoints.opened(note, Trust((*TRUST.keys, parse_key(signer.line))))
