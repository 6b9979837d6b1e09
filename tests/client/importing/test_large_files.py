"""Files of any size are read in the same memory."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.places import PYTHON_CLIENT

RECORD = {"eventTime": "2026-11-20T10:00:00Z", "eventName": "PutObject", "requestParameters": {"key": "k" * 1_500}}
READ = """
import resource, sys
from pathlib import Path
from daybook_client.importing import load_mapping
from daybook_client.importing.records import read_records
from daybook_client.importing.report import Report
from daybook_client.importing.texts import TextFile
with TextFile(Path(sys.argv[1])) as file:
    count = sum(1 for read in read_records(file, load_mapping("cloudtrail"), Report()) if read.fault is None)
print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def read_in_a_process(path: Path) -> tuple[int, int]:
    """Records, and the most memory in KB."""
    done = subprocess.run(  # noqa: S603  our own code
        [sys.executable, "-c", READ, str(path)],
        env={"PYTHONPATH": str(PYTHON_CLIENT)},
        capture_output=True,
        text=True,
        check=True,
    )
    count, memory = done.stdout.split()
    return int(count), int(memory)


@pytest.mark.long
def test_a_document_in_one_line_is_read_in_flat_memory(tmp_path: Path) -> None:
    """50 MB take no more than 10 MB take. Packed, as CloudTrail delivers it."""
    memories = []
    for records in (6_000, 30_000):
        path = tmp_path / f"{records}.json.gz"
        with gzip.open(path, "wt", compresslevel=1) as file:
            file.write('{"Records":[' + json.dumps(RECORD))
            for _ in range(records - 1):
                file.write("," + json.dumps(RECORD))
            file.write("]}")
        count, memory = read_in_a_process(path)
        assert count == records
        memories.append(memory)
    assert memories[1] < memories[0] + 8_000
