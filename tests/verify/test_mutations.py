"""Thousands of small changes to exports and their evidence: each is found, and what is unchanged passes."""

import base64
import dataclasses
import io
import json
from collections.abc import Callable
from functools import cache
from random import Random
from typing import Any

import pytest

from daybook_verify import export
from daybook_verify.checkpoints import Trust
from daybook_verify.errors import CannotTell, NotGenuine
from daybook_verify.notes import parse_key
from daybook_verify.report import Report
from tests.support.page_verifier import agree_on_export
from tests.verify.made_export import made_export, packed
from tests.verify.made_log import LOG, WITNESS

TRUST = Trust((parse_key(LOG.line),), (parse_key(WITNESS.line),))
QUICK, MANY = 300, 3_000
Files = tuple[bytes, list[dict[str, Any]]]
"""The exported file, and its evidence line by line."""


@cache
def genuine(seed: int) -> tuple[bytes, bytes]:
    view, form = ("generic", "csv") if seed % 3 else ("native", "ndjson")
    made = made_export(1 + seed % 6, seed, view=view, format=form)
    # Each signature is needed: that of an unknown signer may be changed, since nobody looks at it.
    made.signers, made.since_signers = (LOG,), (LOG, WITNESS)
    file = made.file()
    return file, packed(made.evidence(file))


def code_of(file: bytes, evidence: bytes, trust: Trust) -> int:
    """Any other exception than these two would be a crash."""
    report = Report()
    try:
        export.verify(io.BytesIO(file), io.BytesIO(evidence), trust, [], report)
    except (NotGenuine, CannotTell) as error:
        report.ended_by(error)
    agree_on_export(report, file, evidence, trust)
    return report.exit_code


def flipped(data: bytes, random: Random) -> bytes:
    """With one byte changed."""
    at = random.randrange(len(data))
    return data[:at] + bytes([data[at] ^ random.randrange(1, 256)]) + data[at + 1 :]


def in_base64(text: str, random: Random) -> str:
    return base64.b64encode(flipped(base64.b64decode(text), random)).decode()


def byte_of_the_file(file: bytes, evidence: bytes, random: Random) -> tuple[bytes, bytes]:
    return flipped(file, random), evidence


def byte_of_the_evidence(file: bytes, evidence: bytes, random: Random) -> tuple[bytes, bytes]:
    return file, flipped(evidence, random)


def of_lines(
    change: Callable[[bytes, list[Any], Random], bytes],
) -> Callable[[bytes, bytes, Random], tuple[bytes, bytes]]:
    def changing(file: bytes, evidence: bytes, random: Random) -> tuple[bytes, bytes]:
        lines = [json.loads(line) for line in evidence.splitlines()]
        return change(file, lines, random), packed(lines)

    return changing


@of_lines
def authenticated_bytes(file: bytes, lines: list[Any], random: Random) -> bytes:
    """Beneath the base64: canonical bytes, keys, entries, hashes, manifest."""
    places: list[tuple[Any, Any]] = [(lines[0], "manifest"), (lines[0]["completion"], "canonical")]
    places += [(lines[0]["edge"]["hashes"], at) for at in range(len(lines[0]["edge"]["hashes"]))]
    places += [(line, "entries") for line in lines if "entries" in line]
    for line in rows_of(lines):
        places += [(line, "canonical"), *((person, "key") for person in line["people"])]
    holder, name = random.choice(places)
    holder[name] = in_base64(holder[name], random)
    return file


@of_lines
def signed_text(file: bytes, lines: list[Any], random: Random) -> bytes:
    name = random.choice(["checkpoint", "since"] if lines[0]["since"] else ["checkpoint"])
    text, _, signatures = lines[0][name].rpartition("\n\n")
    at = random.randrange(len(text))
    lines[0][name] = text[:at] + chr(ord(text[at]) ^ random.randrange(1, 128)) + text[at + 1 :] + "\n\n" + signatures
    return file


@of_lines
def row_left_out(file: bytes, lines: list[Any], random: Random) -> bytes:
    """From the evidence, from the file, or from both with the counts set right."""
    at = random.randrange(1, 1 + len(rows_of(lines)))
    what = random.randrange(3)
    if what != 0:
        file = without_line(file, random)
    if what != 1:
        del lines[at]
        lines[-1]["end"]["rows"] -= 1
    return file


@of_lines
def row_doubled(file: bytes, lines: list[Any], random: Random) -> bytes:
    at = random.randrange(1, 1 + len(rows_of(lines)))
    lines.insert(at, lines[at])
    lines[-1]["end"]["rows"] += 1
    return file


@of_lines
def rows_swapped(file: bytes, lines: list[Any], random: Random) -> bytes:
    """Or one row in the place of another, where there is one row alone: its index is changed."""
    last = len(rows_of(lines))
    if last < 2:
        lines[1]["index"] += random.choice((-1, 1))
        return file
    one, two = random.sample(range(1, last + 1), 2)
    lines[one], lines[two] = lines[two], lines[one]
    return file


@of_lines
def row_of_another_export(file: bytes, lines: list[Any], random: Random) -> bytes:
    other = [json.loads(line) for line in genuine(random.randrange(100_000, 100_010))[1].splitlines()]
    lines[random.randrange(1, 1 + len(rows_of(lines)))] = random.choice(rows_of(other))
    return file


@of_lines
def entry_left_out(file: bytes, lines: list[Any], random: Random) -> bytes:
    holder = next(line for line in lines if "entries" in line)
    data = base64.b64decode(holder["entries"])
    at = 75 * random.randrange(len(data) // 75)
    holder["entries"] = base64.b64encode(data[:at] + data[at + 75 :]).decode()
    lines[-1]["end"]["entries"] -= 1
    return file


@of_lines
def cut_off(file: bytes, lines: list[Any], random: Random) -> bytes:
    del lines[random.randrange(len(lines)) :]
    return file


def rows_of(lines: list[Any]) -> list[Any]:
    return [line for line in lines if "index" in line]


def without_line(file: bytes, random: Random) -> bytes:
    lines = file.splitlines(keepends=True)
    del lines[random.randrange(len(lines))]
    return b"".join(lines)


MUTATIONS = (
    byte_of_the_file,
    byte_of_the_evidence,
    authenticated_bytes,
    authenticated_bytes,
    signed_text,
    row_left_out,
    row_doubled,
    rows_swapped,
    row_of_another_export,
    entry_left_out,
    cut_off,
)


def hold(count: int, genuine: Callable[[int], tuple[bytes, bytes]], trust: Trust) -> None:
    """`genuine`: gives as many exports and their evidence as it has, by any number."""
    random = Random(count)  # noqa: S311  a test's choices
    for number in range(count):
        files, mutation = genuine(number), MUTATIONS[number % len(MUTATIONS)]
        assert code_of(*files, trust) == 0, f"a false alarm: {number}"
        changed = mutation(*files, random)
        assert changed != files
        assert code_of(*changed, trust) != 0, f"not found: {number}, {mutation}"


def test_changes_are_found_and_nothing_else() -> None:
    """A part of the test below."""
    hold(QUICK, genuine, TRUST)


@pytest.mark.long
@pytest.mark.nightly
def test_thousands_of_changes_are_found_and_nothing_else() -> None:
    """3,000 exports, each once as it is and once changed."""
    hold(MANY, genuine, TRUST)


def test_a_trusted_witness_stands_behind_half_of_them() -> None:
    """So that their beginning within the log is no reason by itself to be found."""
    file, evidence = genuine(1)
    assert json.loads(evidence.splitlines()[0])["since"]
    report = Report()
    without = dataclasses.replace(TRUST, cosigners=())
    export.verify(io.BytesIO(file), io.BytesIO(evidence), without, [], report)
    assert report.exit_code == 2
