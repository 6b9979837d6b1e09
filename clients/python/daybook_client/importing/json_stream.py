"""Reads the records of JSON of any size: a list, an object that holds a list, or values one after another."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator
from typing import Any, NamedTuple

from daybook_client.importing.texts import CHUNK, MAX_RECORD

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODE = json.JSONDecoder(strict=False).raw_decode
_KEPT = 4_096  # characters of a broken value that a reject shows
_MARGIN = 16  # a fault so near the end of what is read may come of the end


class Read(NamedTuple):
    """One record of a file, or what is wrong where one should be."""

    line: int
    """Where it begins, from 1."""
    record: Any
    fault: str | None = None


class _Broken(ValueError):  # noqa: N818  the file is, not the program
    pass


class JsonStream:
    """Reads once. What is broken is reported, and reading goes on at the next line that begins an object."""

    def __init__(self, chunks: Iterator[str], records: tuple[str, ...]) -> None:
        self._chunks = chunks
        self._records = records
        self._text = ""
        self._at = 0
        self._ended = False
        self._line = 1  # of the beginning of `_text`
        self._indent = 0  # of the last broken value
        self._counted = 0  # how far `_line` is counted
        self.beside: list[str] = []
        """Keys of objects that hold the list of records, beside it."""

    def __iter__(self) -> Iterator[Read]:
        while self._peek():
            line = self._line_here()
            try:
                yield from self._top(line)
            except _Broken as error:
                yield self._skip_broken(line, str(error))

    def _top(self, line: int) -> Iterator[Read]:
        begins = self._peek()
        if begins == "[":
            yield from self._list()
        elif begins == "{" and self._records:
            holder = yield from self._object(self._records)
            if holder is not None:
                yield Read(line, holder)
        elif begins == ",":  # between values, where a list was broken
            self._at += 1
        elif begins in ("]", "}"):
            self._at += 1  # the end of a list or object whose beginning was left in order to go on
        else:
            yield Read(line, self._value())

    def _list(self) -> Iterator[Read]:
        self._at += 1
        while (begins := self._peek()) != "]":
            if not begins:
                yield Read(self._line_here(), None, "the file ends within a list")
                return
            line = self._line_here()
            try:
                yield Read(line, self._value())
                if self._peek() == ",":
                    self._at += 1
                elif self._peek() not in ("]", ""):
                    raise _Broken("a comma or the list's end was expected")  # noqa: TRY301  as a broken value
            except _Broken as error:
                yield self._skip_broken(line, str(error))
        self._at += 1

    def _object(self, path: tuple[str, ...]) -> Generator[Read, None, dict[str, Any] | None]:
        """Yields the records of the list at `path`. Without one the object itself is the result, else None."""
        self._at += 1
        held: dict[str, Any] = {}
        found = False
        while (begins := self._peek()) != "}":
            if not begins:
                raise _Broken("the file ends within an object")
            key = self._value()
            if not isinstance(key, str) or self._peek() != ":":
                raise _Broken("a name and a colon were expected")
            self._at += 1
            inside = self._peek()
            if key == path[0] and len(path) == 1 and inside == "[":
                found = True
                yield from self._list()
            elif key == path[0] and len(path) > 1 and inside == "{":
                inner = yield from self._object(path[1:])
                found = found or inner is None
                if inner is not None:
                    held[key] = inner
            else:
                held[key] = self._value()
            if self._peek() == ",":
                self._at += 1
            elif self._peek() not in ("}", ""):
                raise _Broken("a comma or the object's end was expected")
        self._at += 1
        if not found:
            return held
        self.beside.extend(held)
        return None

    def _value(self) -> Any:
        """The value here. Reads on while it is not whole."""
        self._peek()
        while True:
            try:
                value, end = _DECODE(self._text, self._at)
            except json.JSONDecodeError as error:
                is_far = error.pos < len(self._text) - _MARGIN and not error.msg.startswith("Unterminated string")
                if is_far or not self._more():
                    raise _Broken(error.msg) from None
            except (ValueError, RecursionError) as error:
                raise _Broken(str(error) or "nested too deep") from None
            else:
                if end < len(self._text) or isinstance(value, (dict, list, str)) or not self._more():
                    self._at = end
                    return value

    def _more(self) -> bool:
        """Doubles what is read of a value that is not whole, at most to 16 million characters."""
        wanted = max(2 * (len(self._text) - self._at), 1)
        if self._ended or wanted > 2 * MAX_RECORD:
            return False
        parts = [self._text]
        length = len(self._text)
        while length - self._at < wanted:
            chunk = next(self._chunks, None)
            if chunk is None:
                self._ended = True
                break
            parts.append(chunk)
            length += len(chunk)
        self._text = "".join(parts)
        return len(parts) > 1

    def _peek(self) -> str:
        """The next character that is no blank, "" at the end."""
        while True:
            match = _SPACE.match(self._text, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            self._forget()
            chunk = None if self._ended else next(self._chunks, None)
            if chunk is None:
                self._ended = True
                return ""
            self._text = chunk

    def _forget(self) -> None:
        self._line_here()
        self._text = self._text[self._at :]
        self._at = self._counted = 0

    def _line_here(self) -> int:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        if self._at > MAX_RECORD // 16:
            self._text = self._text[self._at :]
            self._at = self._counted = 0
        return self._line

    def _skip_broken(self, line: int, fault: str) -> Read:
        """Goes to the next line that begins an object, no deeper than the broken value began."""
        shown = self._text[self._at : self._at + _KEPT]
        before = self._text[self._text.rfind("\n", 0, self._at) + 1 : self._at]
        if not before.strip(" \t,["):
            self._indent = len(before)
        next_record = re.compile(rf"\n[ \t]{{0,{self._indent}}}[\[,]?[ \t]?(?=\{{)")
        self._at = min(self._at + 1, len(self._text))
        while (match := next_record.search(self._text, self._at)) is None:
            # The last line stays: it may be the beginning of what is looked for.
            self._at = max(self._at, self._text.rfind("\n"), len(self._text) - CHUNK)
            self._forget()
            chunk = None if self._ended else next(self._chunks, None)
            if chunk is None:
                self._ended = True
                self._at = len(self._text)
                return Read(line, shown, fault)
            self._text += chunk
        self._at = match.end()
        return Read(line, shown, fault)
