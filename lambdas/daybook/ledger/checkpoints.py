"""A tree's head as text, before it is signed: https://c2sp.org/tlog-checkpoint."""

import re
from typing import NamedTuple

from daybook.ledger.base64 import decoded, encoded
from daybook.ledger.merkle import HASH_BYTES
from daybook.ledger.notes import BadNote

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


class Checkpoint(NamedTuple):
    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The text of the note that is signed. It ends with a newline."""
        return f"{self.origin}\n{self.size}\n{encoded(self.root)}\n"


def parse(text: str) -> Checkpoint:
    """Raises `BadNote` for anything else. Extension lines are read over: the standard leaves them to others."""
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop() or not all(lines):
        raise BadNote("a text that is no checkpoint")
    origin, size, root, *_ = lines
    hash_ = decoded(root)
    if not _SIZE.fullmatch(size) or hash_ is None or len(hash_) != HASH_BYTES:
        raise BadNote("a checkpoint whose size or root is mistyped")
    return Checkpoint(origin, int(size), hash_)
