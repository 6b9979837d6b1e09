"""Reads the records of one file, whatever its format: it is told by the file's beginning."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain

from daybook_client.importing.csv_rows import csv_rows
from daybook_client.importing.json_stream import JsonStream, Read
from daybook_client.importing.mapping import Mapping
from daybook_client.importing.report import Report, count
from daybook_client.importing.texts import BrokenFile, TextFile, lines_of

_SEEN = 1024 * 1024
"""How many characters of a file's beginning are looked at."""


def read_records(file: TextFile, mapping: Mapping, report: Report) -> Iterator[Read]:
    """The records in the file's order, faults among them. Holds a few MB of the file at a time.

    A file whose packing is damaged ends with a fault.
    """
    chunks = file.chunks()
    beginning, held, fault = [], 0, None
    try:
        for chunk in chunks:
            beginning.append(chunk)
            held += len(chunk)
            if held >= _SEEN:
                break
    except BrokenFile as error:
        fault = str(error)
    seen = "".join(beginning)
    if fault is not None:
        chunks = iter(())
    line = 0
    try:
        for read in _of_format(chain([seen], chunks), seen, mapping, report):
            line = read.line
            yield read
    except BrokenFile as error:
        fault = str(error)
    if fault is not None:
        yield Read(line, None, fault)


def format_of(seen: str, mapping: Mapping) -> str:
    """`csv`, `json` (one or more documents that may span lines) or `ndjson` (a document in each line)."""
    begins = seen.lstrip()[:1]
    if begins not in ("[", "{"):
        return "csv" if "csv" in mapping.formats else "ndjson"
    if begins == "[":
        return "json" if _is_list_of_objects(seen) else "ndjson"
    lines = [line for line in seen.lstrip().split("\n", 3)[:3] if line.strip()]
    if _is_document(lines[0]) or (len(lines) > 1 and lines[1].startswith("{")):
        return "ndjson"
    return "json"


def _of_format(chunks: Iterator[str], seen: str, mapping: Mapping, report: Report) -> Iterator[Read]:
    found = format_of(seen, mapping)
    if found == "csv":
        yield from csv_rows(lines_of(chunks), disarmed=mapping.disarmed)
    elif found == "json":
        stream = JsonStream(chunks, mapping.records)
        yield from stream
        for key in stream.beside:
            count(report.ignored, f"{key} (beside the list)")
    else:
        for line, text in lines_of(chunks):
            yield from _of_line(line, text, mapping, report)


def _of_line(line: int, text: str | None, mapping: Mapping, report: Report) -> Iterator[Read]:
    if text is None:
        yield Read(line, None, "the line is too long")
        return
    if not text.strip():
        return
    try:
        document = json.loads(text, strict=False)
    except json.JSONDecodeError as error:
        yield Read(line, text[:4_096], f"the line is no JSON: {error.msg}")
        return
    except (ValueError, RecursionError) as error:
        yield Read(line, text[:4_096], f"the line can't be read: {error or 'nested too deep'}")
        return
    held = _held_list(document, mapping.records)
    if held is None:
        yield Read(line, document)
        return
    for key in document:
        if key != mapping.records[0]:
            count(report.ignored, f"{key} (beside the list)")
    for record in held:
        yield Read(line, record)


def _held_list(document: object, records: tuple[str, ...]) -> list[object] | None:
    """The list of records that a document in one line holds, as CloudTrail's files do."""
    held = document
    for name in records:
        held = held.get(name) if isinstance(held, dict) else None
    return held if records and isinstance(held, list) else None


def _is_list_of_objects(seen: str) -> bool:
    return seen.lstrip()[1:].lstrip()[:1] in ("{", "]", "", "[")


def _is_document(line: str) -> bool:
    try:
        return isinstance(json.loads(line, strict=False), dict)
    except (ValueError, RecursionError):
        return False
