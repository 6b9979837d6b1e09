"""The id of a record's event: the same whenever, from whichever file and however often the record is imported.

A record with an id of its own has the mapping's name and that id. Any other has a hash of its content. Equal records
of one file are events of their own: the second one's id ends with `-2`. They are counted for each file anew, so that
two files which overlap say the same of the same records; the price is that an equal record at the end of one file and
at the beginning of the next is taken for one. Equal records carry the same time and so stand close together: the count
reaches back over the last 50,000 to 100,000 records of the file, which bounds its memory.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from daybook_client.importing.expressions import Expression

MAX_ID = 128


class Identities:
    """Gives the records of one file their ids, in the file's order."""

    def __init__(self, name: str, expressions: tuple[Expression, ...], *, generation: int = 50_000) -> None:
        """`generation` is the number of records that the count of equal ones reaches back at least."""
        self._name = name
        self._expressions = expressions
        self._generation = generation
        self._young: dict[bytes, int] = {}
        self._old: dict[bytes, int] = {}
        self.repeats = 0

    def of(self, record: dict[str, Any]) -> str:
        own = self._own(record)
        return own if own is not None else self._of_content(record)

    def _own(self, record: dict[str, Any]) -> str | None:
        """None where one of the values is missing: the others would not identify the record."""
        if not self._expressions:
            return None
        values = []
        for expression in self._expressions:
            value = expression.find(record)
            if isinstance(value, bool) or not isinstance(value, (str, int)) or value == "":
                return None
            values.append(str(value))
        whole = ":".join((self._name, *values))
        is_plain = len(values) == 1 or not any(":" in value for value in values)  # else `a:b`, `c` is as `a`, `b:c`
        if is_plain and len(whole) <= MAX_ID and whole.isascii() and whole.isprintable():
            return whole
        return f"{self._name}:{_hash(values).hex()}"

    def _of_content(self, record: dict[str, Any]) -> str:
        digest = _hash(record)
        number = self._young.get(digest) or self._old.get(digest) or 0
        if len(self._young) >= self._generation:
            self._old, self._young = self._young, {}
        self._young[digest] = number + 1
        if number == 0:
            return f"{self._name}:{digest.hex()}"
        self.repeats += 1
        return f"{self._name}:{digest.hex()}-{number + 1}"


def _hash(content: Any) -> bytes:
    """16 bytes. Objects are the same whatever the order of their keys."""
    return sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).digest()[:16]
