"""The part of a log that an export's evidence brings. Its entries lie in a temporary file, to be looked up by index."""

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from types import TracebackType
from typing import Any, Self

from daybook_verify import entries
from daybook_verify.checkpoints import Checkpoint
from daybook_verify.entries import ENTRY_BYTES
from daybook_verify.errors import NotGenuine
from daybook_verify.merkle import Edge, leaf_hash

_BLOCK = 1_024
_BLOCKS = 32


class LogCopy:
    """Entries from `start` to `stop`. It remembers which of them have been accounted for."""

    def __init__(self, edge: Edge) -> None:
        """`edge`: of the log where the entries begin."""
        self._edge, self.start = edge.copy(), edge.size
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  closed by __exit__
        self._accounted = bytearray()
        self._block = lru_cache(_BLOCKS)(self._read_block)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def stop(self) -> int:
        return self._edge.size

    def fill(self, given: Iterable[bytes], heads: Mapping[int, bytes]) -> set[int]:
        """Takes the entries. Answers which of `heads`, roots by size, were met. NotGenuine for another root."""
        met: set[int] = set()
        self._meet(heads, met)
        for entry in given:
            self._file.write(entry)
            self._edge.append(leaf_hash(entry))
            if self._edge.size in heads:
                self._meet(heads, met)
        self._file.flush()
        self._accounted = bytearray((self.stop - self.start + 7) // 8)
        return met

    def must_end_at(self, checkpoint: Checkpoint) -> None:
        if self.stop != checkpoint.size or self._edge.root != checkpoint.root:
            raise NotGenuine("edge and entries of the evidence do not give the checkpoint's root")

    def check(self, index: int, content: Mapping[str, Any], canonical: bytes) -> None:
        """NotGenuine where the entry is not that of the event."""
        if not self.start <= index < self.stop:
            raise NotGenuine(f"event {content['id']}: the evidence has no entry {index}")
        if self._entry(index) != entries.of_event(content, canonical):
            raise NotGenuine(f"event {content['id']} is not what entry {index} of the log says")

    def account_for(self, index: int, content: Mapping[str, Any], canonical: bytes) -> None:
        """As `check`. NotGenuine also where the entry is another row's too."""
        self.check(index, content, canonical)
        byte, bit = divmod(index - self.start, 8)
        if self._accounted[byte] >> bit & 1:
            raise NotGenuine(f"event {content['id']}: entry {index} is used twice")
        self._accounted[byte] |= 1 << bit

    def unaccounted(self) -> Iterator[tuple[int, bytes]]:
        """Index and entry of all others."""
        for at in range(0, self.stop - self.start, _BLOCK):
            block = self._read_block(at // _BLOCK)
            for offset in range(len(block) // ENTRY_BYTES):
                byte, bit = divmod(at + offset, 8)
                if not self._accounted[byte] >> bit & 1:
                    yield self.start + at + offset, block[offset * ENTRY_BYTES : (offset + 1) * ENTRY_BYTES]

    def _meet(self, heads: Mapping[int, bytes], met: set[int]) -> None:
        size = self._edge.size
        if size in heads:
            if self._edge.root != heads[size]:
                raise NotGenuine(f"the log was rewritten: it had another root at {size} entries")
            met.add(size)

    def _entry(self, index: int) -> bytes:
        block, offset = divmod(index - self.start, _BLOCK)
        return self._block(block)[offset * ENTRY_BYTES : (offset + 1) * ENTRY_BYTES]

    def _read_block(self, number: int) -> bytes:
        self._file.seek(number * _BLOCK * ENTRY_BYTES)
        return self._file.read(_BLOCK * ENTRY_BYTES)
