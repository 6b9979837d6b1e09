"""The text of a file: unpacked, decoded, in chunks or lines, in memory that does not grow with the file."""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

CHUNK = 256 * 1024
MAX_RECORD = 16 * 1024 * 1024
"""Characters of the longest line or value that is read as a record."""

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_STRAY = re.compile("[\udc80-\udcff]")  # how `surrogateescape` decodes a byte that is no UTF-8
_FROM_WINDOWS = {0xDC00 + byte: bytes([byte]).decode("cp1252", "replace") for byte in range(0x80, 0x100)}


class BrokenFile(Exception):  # noqa: N818  the file is broken, not the program
    """What is packed ends early or is damaged. All before it has been read."""


class TextFile:
    """One file to read once. A context manager.

    A file of gzip is known by its first bytes. A mark says the encoding (UTF-8, UTF-16); without one it is UTF-8, and
    bytes that are none are read as Windows-1252, and their lines counted.
    """

    def __init__(self, path: Path) -> None:
        self._raw = path.open("rb")
        self.size = path.stat().st_size
        self.encoding = "utf-8"
        self.windows_1252_lines = 0
        self._ends_in_counted_line = False

    def __enter__(self) -> TextFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._raw.close()

    @property
    def bytes_read(self) -> int:
        """Of the file as it is, packed or not."""
        return self._raw.tell() if self._raw.seekable() else 0

    def chunks(self) -> Iterator[str]:
        """Raises BrokenFile, after the last chunk that could be read."""
        blocks = self._blocks()
        first = next(blocks, b"")
        for mark, encoding in _MARKS:
            if first.startswith(mark):
                self.encoding, first = encoding, first[len(mark) :]
                break
        lenient = "surrogateescape" if self.encoding == "utf-8" else "replace"
        decoder = codecs.getincrementaldecoder(self.encoding)(lenient)
        if first:
            yield self._mended(decoder.decode(first))
        for block in blocks:
            yield self._mended(decoder.decode(block))
        yield self._mended(decoder.decode(b"", final=True))

    def _blocks(self) -> Iterator[bytes]:
        if self._raw.peek(2)[:2] != b"\x1f\x8b":
            while block := self._raw.read(CHUNK):
                yield block
            return
        unpacked = gzip.GzipFile(fileobj=self._raw, mode="rb")
        try:
            while block := unpacked.read1(CHUNK):  # `read` would withhold what came before a fault
                yield block
        except (EOFError, zlib.error, OSError) as error:
            raise BrokenFile(f"the packed file is damaged or ends early: {error}") from error

    def _mended(self, text: str) -> str:
        if self.encoding != "utf-8" or text.isascii() or not _STRAY.search(text):
            if "\n" in text:
                self._ends_in_counted_line = False
            return text
        lines = text.split("\n")
        stray = [bool(_STRAY.search(line)) for line in lines]
        self.windows_1252_lines += sum(stray) - (stray[0] and self._ends_in_counted_line)
        self._ends_in_counted_line = stray[-1] or (len(lines) == 1 and self._ends_in_counted_line)
        return text.translate(_FROM_WINDOWS)


def lines_of(chunks: Iterator[str]) -> Iterator[tuple[int, str | None]]:
    r"""Number, from 1, and text of each line, with its line break. None is a line of over 16 million characters.

    Only `\n` ends a line: JSON and CSV may hold the other separators of Unicode.
    """
    number, held = 1, ""
    too_long = False
    for chunk in chunks:
        *whole, last = (held + chunk).split("\n") if held else chunk.split("\n")
        for line in whole:
            yield number, None if too_long else f"{line}\n"
            too_long = False
            number += 1
        held = last
        if len(held) > MAX_RECORD:
            too_long, held = True, ""
    if held or too_long:
        yield number, None if too_long else held
