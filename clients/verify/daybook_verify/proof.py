"""Proofs of single events: the answer of `GET /v1/events/{id}/proof`, with a C2SP `tlog-proof` in it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from daybook_verify import checkpoints, entries
from daybook_verify.checkpoints import Signed, Trust
from daybook_verify.errors import NotGenuine
from daybook_verify.evidence import keys
from daybook_verify.merkle import HASH_BYTES, leaf_hash, root_of_path
from daybook_verify.report import Report
from daybook_verify.rows import content_of
from daybook_verify.rows.aliases import Aliases
from daybook_verify.rows.native import native
from daybook_verify.rows.people import People
from daybook_verify.strict import decimal, field, from_base64, integer, json_object, text

_FIRST_LINE = "c2sp.org/tlog-proof@v1"
_MAX_PATH = 64
_HEX = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class InclusionProof:
    """What the text of a proof says."""

    index: int
    path: tuple[bytes, ...]
    note: str


def parse(proof: str) -> InclusionProof:
    head, separator, note = proof.partition("\n\n")
    first, *lines = head.split("\n")
    if not separator or first != _FIRST_LINE:
        raise NotGenuine(f"the proof is not a {_FIRST_LINE}")
    if lines and lines[0].startswith("extra "):
        from_base64(lines.pop(0).removeprefix("extra "), "the proof's extra data")
    if not lines or not lines[0].startswith("index ") or len(lines) > 1 + _MAX_PATH:
        raise NotGenuine("the proof names no index, or its path is too long")
    path = tuple(from_base64(line, "a hash of the proof") for line in lines[1:])
    if any(len(each) != HASH_BYTES for each in path):
        raise NotGenuine("a hash of the proof is not a SHA-256")
    return InclusionProof(decimal(lines[0].removeprefix("index "), "the proof's index"), path, note)


def verify(data: bytes, trust: Trust, report: Report) -> Signed:
    """Returns the checkpoint that covers the event. NotGenuine or CannotTell ends the verification."""
    answer = json_object(data, "the proof's file")
    proof = parse(text(_of(answer, "proof"), "proof"))
    signed = checkpoints.opened(proof.note, trust)
    checkpoints.describe(signed, report)

    canonical = from_base64(_of(answer, "canonical"), "canonical")
    entry = from_base64(_of(answer, "entry"), "entry")
    content = content_of(canonical)
    identifier = content["id"]
    if entries.of_event(content, canonical) != entry or _of(answer, "event_id") != identifier:
        raise NotGenuine("the entry is not that of the event")
    leaf = text(_of(answer, "leaf"), "leaf")
    if not _HEX.fullmatch(leaf) or bytes.fromhex(leaf) != entries.leaf(canonical):
        raise NotGenuine("the leaf is not that of the event")
    report.ok(
        f"event {identifier} of tenant {content['tenant']}, environment {content['environment']}:"
        f" {content['activity']}, occurred {content['occurred_at']}, received {content['received_at']}"
    )
    if integer(_of(answer, "index"), "index") != proof.index:
        raise NotGenuine("the answer and the proof in it name different indices")
    root = root_of_path(leaf_hash(entry), proof.index, signed.checkpoint.size, proof.path)
    if root != signed.checkpoint.root:
        raise NotGenuine("the event is not in the log at this index")
    report.ok(f"it is entry {proof.index} of that log")
    given = keys(answer["people"]) if "people" in answer else {}
    people = People(content, given, all_keys_are_given=False)
    _report_people(people, given, report)
    report.event = native(content, people, Aliases())
    return signed


def _report_people(people: People, given: Mapping[str, bytes], report: Report) -> None:
    if given:
        report.ok(f"the given keys open what the event says of {', '.join(given)}")
    if people.closed:
        report.note(
            f"what it says of {', '.join(people.closed)} stays closed, since no key is given: whether they are"
            " forgotten is not shown"
        )


def _of(answer: Mapping[str, Any], name: str) -> Any:
    return field(answer, name, "the proof's file")
