"""The evidence of an export: a file with one compact JSON object a line, in a fixed order.

Rows come before the entries that they are held against. So the file is read twice: once for the entries, which are kept
in a temporary file, once for the rows. Memory stays the same however long the file is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from daybook_verify.entries import ENTRY_BYTES
from daybook_verify.errors import CannotTell, NotGenuine
from daybook_verify.merkle import Edge
from daybook_verify.strict import field, from_base64, integer, items, json_object, only, text

EVENT_KEY_BYTES = 64
_MAX_LINE = 64 << 20
"""A line holds one event, 1,000 entries, or a manifest. Only the line of disclosed events can grow."""

_ROW, _DISCLOSED, _ENTRIES, _END = b'{"index":', b'{"disclosed":', b'{"entries":', b'{"end":'
_MAX_ENTRIES = 1_000


@dataclass(frozen=True)
class Sealed:
    """An event with its index in the log."""

    index: int
    canonical: bytes
    keys: Mapping[str, bytes]
    """The event's opening keys, by GUID. A forgotten person has none."""


@dataclass(frozen=True)
class Header:
    """The first line."""

    manifest: bytes
    completion: Sealed
    checkpoint: str
    """A signed note, as `since`."""
    since: str | None
    edge: Edge
    """Of the log where the entries begin."""


class Evidence:
    """Each method reads the file from where its part begins, in the order of the methods."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.header = _header(self._line())
        self._rows_at = file.tell()
        self.rows_counted = 0
        while (line := self._line()).startswith(_ROW):
            self.rows_counted += 1
        self.disclosed = _disclosed(line)
        self._entries_at = file.tell()

    def entries(self) -> Iterator[bytes]:
        """All entries. The file's end is checked behind them."""
        self._file.seek(self._entries_at)
        count = 0
        while (line := self._line()).startswith(_ENTRIES):
            data = from_base64(only(json_object(line, "a line of entries"), ("entries",), "it")["entries"], "entries")
            if not 0 < len(data) <= _MAX_ENTRIES * ENTRY_BYTES or len(data) % ENTRY_BYTES:
                raise NotGenuine("a line of the evidence does not hold 1 to 1,000 entries")
            for at in range(0, len(data), ENTRY_BYTES):
                yield data[at : at + ENTRY_BYTES]
            count += len(data) // ENTRY_BYTES
        end = only(json_object(line, "the evidence's last line"), ("end",), "the evidence's last line")["end"]
        if only(end, ("rows", "entries"), "the evidence's end") != {"rows": self.rows_counted, "entries": count}:
            raise NotGenuine("the evidence does not hold as many rows and entries as its last line says")
        if self._file.read(1):
            raise NotGenuine("the evidence goes on behind its last line")

    def rows(self) -> Iterator[Sealed]:
        """For each row of the exported file, in its order."""
        self._file.seek(self._rows_at)
        for _ in range(self.rows_counted):
            line = only(json_object(self._line(), "a row"), ("index", "canonical", "people"), "a row")
            yield Sealed(
                integer(line["index"], "index"), from_base64(line["canonical"], "canonical"), keys(line["people"])
            )

    def _line(self) -> bytes:
        line = self._file.readline(_MAX_LINE)
        if not line.endswith(b"\n"):
            raise NotGenuine("the evidence is cut off, or a line of it is too long")
        return line


def keys(people: object) -> dict[str, bytes]:
    """The opening keys by GUID, of a list of `{"id", "key"}`."""
    found: dict[str, bytes] = {}
    for each in items(people, "people"):
        person = only(each, ("id", "key"), "a person")
        guid, key = text(person["id"], "a person's id"), from_base64(person["key"], "a person's key")
        if guid in found or len(key) != EVENT_KEY_BYTES:
            raise NotGenuine("a person's key appears twice, or does not have 64 bytes")
        found[guid] = key
    return found


def _header(line: bytes) -> Header:
    header = json_object(line, "the evidence's first line")
    if header.get("daybook") != "evidence":
        raise NotGenuine("the file is not the evidence of an export")
    if integer(field(header, "v", "the evidence"), "v") != 1:
        raise CannotTell("the evidence has a version that this program does not know")
    names = ("daybook", "v", "manifest", "completion", "checkpoint", "since", "edge")
    only(header, names, "the evidence's first line")
    edge = only(header["edge"], ("size", "hashes"), "edge")
    hashes = [from_base64(each, "a hash of the edge") for each in items(edge["hashes"], "hashes")]
    since = header["since"]
    return Header(
        manifest=from_base64(header["manifest"], "manifest"),
        completion=_sealed(header["completion"], "completion"),
        checkpoint=text(header["checkpoint"], "checkpoint"),
        since=None if since is None else text(since, "since"),
        edge=Edge(integer(edge["size"], "the edge's size"), hashes),
    )


def _disclosed(line: bytes) -> list[Sealed]:
    disclosed: Any = only(json_object(line, "a line of the evidence"), ("disclosed",), "the line behind the rows")
    return [_sealed(each, "a disclosed event") for each in items(disclosed["disclosed"], "disclosed")]


def _sealed(value: object, what: str) -> Sealed:
    event = only(value, ("index", "canonical"), what)
    return Sealed(integer(event["index"], "index"), from_base64(event["canonical"], "canonical"), {})
