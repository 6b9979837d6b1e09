"""Files of every format, packed or not, in any encoding, broken in any place."""

import codecs
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from daybook_client.importing.json_stream import Read
from daybook_client.importing.records import read_records
from daybook_client.importing.report import Report
from daybook_client.importing.texts import CHUNK, MAX_RECORD, TextFile
from tests.client.importing.making import mapping_of

PLAIN = mapping_of()
IN_A_LIST = mapping_of(head='records = "Records"')
RECORDS = [{"n": 1, "text": "a\nb"}, {"n": 2, "inner": {"list": [{"x": 1}]}}, {"n": 3}]


def reads(path: Path, content: str | bytes, mapping: Any = PLAIN) -> list[Read]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with TextFile(path) as file:
        return list(read_records(file, mapping, Report()))


def records(path: Path, content: str | bytes, mapping: Any = PLAIN) -> list[Any]:
    found = reads(path, content, mapping)
    assert not [read for read in found if read.fault]
    return [read.record for read in found]


LINES = "".join(f"{json.dumps(record)}\n" for record in RECORDS)
FORMATS = {
    "lines": LINES,
    "lines of Windows, blank ones among them": LINES.replace("\n", "\r\n\r\n"),
    "a list": json.dumps(RECORDS),
    "a list over several lines": json.dumps(RECORDS, indent=2),
    "objects over several lines": "\n".join(json.dumps(record, indent=2) for record in RECORDS),
    "an object that holds the list": json.dumps({"v": 1, "Records": RECORDS, "more": {}}),
    "the same over several lines": json.dumps({"v": 1, "Records": RECORDS}, indent=2),
    "a line for each such object": "".join(f"{json.dumps({'Records': [record]})}\n" for record in RECORDS),
}


@pytest.mark.parametrize("content", FORMATS.values(), ids=FORMATS)
def test_json_is_read_in_every_layout(tmp_path: Path, content: str) -> None:
    """The layout is told by the content, not by the file's name."""
    assert records(tmp_path / "f", content, IN_A_LIST) == RECORDS
    assert records(tmp_path / "f", gzip.compress(content.encode()), IN_A_LIST) == RECORDS


@pytest.mark.parametrize("mark", [codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE], ids=["8", "16le", "16be"])
def test_a_mark_says_the_encoding(tmp_path: Path, mark: bytes) -> None:
    """PowerShell and Excel write such files."""
    encoding = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}[mark]
    assert records(tmp_path / "f", mark + '{"a": "Müller €"}'.encode(encoding)) == [{"a": "Müller €"}]


def test_bytes_that_are_no_utf_8_are_windows_1252_and_their_lines_are_counted(tmp_path: Path) -> None:
    """One file may hold lines of both encodings."""
    path = tmp_path / "f"
    path.write_bytes('{"a": "Müller"}\n'.encode() + '{"a": "Müller, 5 €"}\n'.encode("cp1252") * 2 + b'{"a": "\x81"}')
    with TextFile(path) as file:
        found = [read.record["a"] for read in read_records(file, PLAIN, Report())]
        assert file.windows_1252_lines == 3
    assert found == ["Müller", "Müller, 5 €", "Müller, 5 €", "\ufffd"]


def test_a_broken_line_is_a_fault_and_the_next_ones_are_read(tmp_path: Path) -> None:
    """Each fault has its line."""
    content = (
        '{"n": 1}\n{"n": \nnonsense\n{"n": 1e}\n[1]\n{"n": 2}\n'
        + "[" * 100_000
        + '\n{"n": '
        + "9" * 5_000
        + '}\n{"n": 3}'
    )
    found = reads(tmp_path / "f", content)
    assert [read.line for read in found if read.fault] == [2, 3, 4, 7, 8]
    assert [read.record for read in found if not read.fault] == [{"n": 1}, [1], {"n": 2}, {"n": 3}]


def test_a_broken_record_in_a_list_costs_that_record_alone(tmp_path: Path) -> None:
    """Objects within the broken one are not taken for records."""
    content = json.dumps({"Records": RECORDS}, indent=2).replace('"n": 2', '"n": 2 2')
    found = reads(tmp_path / "f", content, IN_A_LIST)
    assert [read.record for read in found if not read.fault] == [RECORDS[0], RECORDS[2]]
    assert [read.line for read in found if read.fault] == [7]


@pytest.mark.parametrize("end", [10, 40, 70])
def test_a_list_that_ends_early_is_read_up_to_there(tmp_path: Path, end: int) -> None:
    """The last fault says so."""
    whole = json.dumps(RECORDS)
    found = reads(tmp_path / "f", whole[:end])
    assert found[-1].fault
    good = [read.record for read in found if not read.fault]
    assert good == RECORDS[: len(good)]


def test_a_packed_file_that_ends_early_is_read_up_to_there(tmp_path: Path) -> None:
    """What came before is imported, and the end is a reject."""
    packed = gzip.compress("".join(f'{{"n": {number}, "x": "{number * 7919}"}}\n' for number in range(20_000)).encode())
    found = reads(tmp_path / "f", packed[: len(packed) // 2])
    assert len(found) > 4_000
    assert "damaged or ends early" in (found[-1].fault or "")


def test_records_larger_than_a_chunk_are_whole(tmp_path: Path) -> None:
    """Chunks end anywhere: within a name, a number, an escape, a letter of several bytes."""
    large = [{"n": 1, "text": 'ü\\"' * CHUNK}, {"n": 12345}, {"n": 2, "text": "€" * CHUNK}]
    for content in (
        json.dumps(large, ensure_ascii=False),
        "\n".join(map(json.dumps, large)),
        json.dumps(large, indent=1),
    ):
        assert records(tmp_path / "f", content) == large


def test_a_line_without_an_end_does_not_fill_the_memory(tmp_path: Path) -> None:
    """What is longer than 16 million characters is a fault, and reading goes on behind it."""
    found = reads(tmp_path / "f", '{"n": 1}\n{"n": 2}\n' + "x" * (MAX_RECORD + 2 * CHUNK) + '\n{"n": 3}\n')
    assert [(read.line, read.record) for read in found] == [(1, {"n": 1}), (2, {"n": 2}), (3, None), (4, {"n": 3})]


@pytest.mark.parametrize("content", ["", "\n", " ", "[]", '{"Records": []}', "\ufeff"])
def test_an_empty_file_has_no_records(tmp_path: Path, content: str) -> None:
    """Nor any faults."""
    assert reads(tmp_path / "f", content, IN_A_LIST) == []


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_is_read_with_the_delimiter_of_its_header(tmp_path: Path, delimiter: str) -> None:
    """Cells may hold delimiters, quotation marks and line breaks."""
    rows = ["Date;User;Details", '2026-11-22;"mia; ""the"" first";"two\r\nlines"', ";kim;x", "", "a;b;c;d", "e"]
    content = "\r\n".join(rows).replace(";", delimiter)
    found = reads(tmp_path / "f", content)
    assert [(read.line, read.record) for read in found] == [
        (2, {"Date": "2026-11-22", "User": f'mia{delimiter} "the" first', "Details": "two\r\nlines"}),
        (4, {"User": "kim", "Details": "x"}),
        (6, {"Date": "a", "User": "b", "Details": "c", "column 4": "d"}),
        (7, {"Date": "e"}),
    ]


def test_equal_and_missing_labels_are_told_apart(tmp_path: Path) -> None:
    """No column hides another."""
    assert records(tmp_path / "f", "a,a,,a \n1,2,3,4\n") == [{"a": "1", "a 2": "2", "column 3": "3", "a 3": "4"}]


def test_cells_that_an_export_disarmed_are_armed_again(tmp_path: Path) -> None:
    """Only where the mapping says that the file comes from such an export."""
    content = "a,b,c\n'=1+1,it's,'quoted'\n"
    assert records(tmp_path / "f", content, mapping_of(head="disarmed = true")) == [
        {"a": "=1+1", "b": "it's", "c": "'quoted'"}
    ]
    assert records(tmp_path / "f", content)[0]["a"] == "'=1+1"


def test_a_quotation_mark_that_nothing_closes_is_a_fault(tmp_path: Path) -> None:
    """It costs the rows up to the longest cell, not the whole file."""
    content = 'a,b\n1,"2\n' + "3,4\n" * 300_000
    found = reads(tmp_path / "f", content)
    assert found[0].fault
    assert found[0].line == 2
    assert found[-1].record == {"a": "3", "b": "4"}
