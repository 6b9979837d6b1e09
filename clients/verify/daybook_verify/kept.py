"""Checkpoints that the auditor has kept, one a line.

Each has the moment at which it was seen, by the auditor's own clock, and the right edge from which the log can be
followed on.
"""

import base64
import json
import os
from collections.abc import Iterator
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
    """A checkpoint and the moment at which the auditor had it."""

    seen_ms: int
    checkpoint: Checkpoint
    edge: Edge


def read(path: Path) -> list[Kept]:
    """In the order in which they were kept. CannotTell where the file is damaged."""
    try:
        return [*_parse(path.read_bytes())]
    except NotGenuine as error:
        raise CannotTell(f"{path}: {error}") from error


def append(path: Path, seen_ms: int, signed: Signed, edge: Edge) -> None:
    """The line is on the disk when this returns."""
    seen = datetime.fromtimestamp(seen_ms / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    hashes = [base64.b64encode(each).decode() for each in edge.hashes]
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
        hashes = [from_base64(each, "a hash of the edge") for each in items(fields["edge"], "edge")]
        edge = Edge(checkpoint.size, hashes)
        if edge.root != checkpoint.root:
            raise NotGenuine(f"line {number}: the edge does not belong to the checkpoint")
        yield Kept(milliseconds(fields["seen_at"], "seen_at"), checkpoint, edge)
