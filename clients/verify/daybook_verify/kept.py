"""Checkpoints that the auditor has kept, one a line, in the order in which they came.

Each has the moment at which it was seen, by the auditor's own clock. One up to which the monitor has walked also has
the right edge of its tree, from which the log can be followed on. One that came with a proof or with evidence has none:
it is held against the log by the next walk.
"""

import base64
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from daybook_verify import checkpoints, notes
from daybook_verify.checkpoints import Checkpoint, Signed
from daybook_verify.errors import CannotTell, NotGenuine
from daybook_verify.merkle import Edge
from daybook_verify.strict import from_base64, items, json_object, milliseconds, only, text


@dataclass(frozen=True)
class Kept:
    """A checkpoint, the moment at which the auditor had it, and the edge if the log was walked up to it."""

    seen_ms: int
    checkpoint: Checkpoint
    edge: Edge | None = None


def read(path: Path, origin: str | None = None) -> list[Kept]:
    """Of one log, or of all. No file is none. CannotTell where the file is damaged."""
    try:
        found = [*_parse(path.read_bytes())] if path.exists() else []
    except NotGenuine as error:
        raise CannotTell(f"{path}: {error}") from error
    return [each for each in found if origin in (None, each.checkpoint.origin)]


def roots(kept: Sequence[Kept]) -> dict[int, bytes]:
    """By size. NotGenuine where the log has signed two trees of one size."""
    found = {each.checkpoint.size: each.checkpoint.root for each in kept}
    if any(found[each.checkpoint.size] != each.checkpoint.root for each in kept):
        raise NotGenuine("the log has signed two different trees of one size: both are among the kept checkpoints")
    return found


def append(path: Path, seen_ms: int, signed: Signed, edge: Edge | None = None) -> None:
    """The line is on the disk when this returns."""
    seen = datetime.fromtimestamp(seen_ms / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    hashes = None if edge is None else [base64.b64encode(each).decode() for each in edge.hashes]
    line = json.dumps({"seen_at": seen, "checkpoint": signed.note, "edge": hashes}, ensure_ascii=False)
    with path.open("ab") as file:
        file.write(line.encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _parse(data: bytes) -> Iterator[Kept]:
    for number, line in enumerate(data.splitlines(keepends=True), 1):
        if not line.endswith(b"\n"):
            raise NotGenuine(f"line {number} is cut off")
        fields = only(json_object(line, f"line {number}"), ("seen_at", "checkpoint", "edge"), f"line {number}")
        checkpoint = checkpoints.parse(notes.parse(text(fields["checkpoint"], "checkpoint")).text)
        edge = None if fields["edge"] is None else Edge(checkpoint.size, _hashes(fields["edge"]))
        if edge is not None and edge.root != checkpoint.root:
            raise NotGenuine(f"line {number}: the edge does not belong to the checkpoint")
        yield Kept(milliseconds(fields["seen_at"], "seen_at"), checkpoint, edge)


def _hashes(edge: object) -> list[bytes]:
    return [from_base64(each, "a hash of the edge") for each in items(edge, "edge")]
