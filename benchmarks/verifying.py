"""The auditor's verifier on a large export: rows a second and peak memory, in a process of its own."""

import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Any

from benchmarks.measuring import Row
from daybook_verify.merkle import Edge, leaf_hash
from daybook_verify.rows import Renderer
from tests.support.places import VERIFIER
from tests.verify.made_export import FROM, MadeExport, event, keys_of, own_event
from tests.verify.made_log import LOG, MINUTE, NOW, b64, entry_of

SIZES = (50_000, 1_000_000)
_LINE = 1_000


def rows() -> list[Row]:
    (few, slow), (many, fast) = (measured(size) for size in SIZES)
    return [
        Row("rows of an export verified in a second of CPU: of 50,000, of 1,000,000", f"{slow:,.0f}, {fast:,.0f}"),
        Row(
            "peak memory of the verifier on 1,000,000 rows against 50,000",
            f"{many:.0f} MB, {few:.0f} MB: {many / few:.2f} times",
            "1.2 times",
        ),
    ]


PROGRAM = """
import sys, time
from daybook_verify.__main__ import main
code = main(sys.argv[1:])
(peak,) = (line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(code, peak.split()[1], time.process_time())
"""
"""What the kernel counts for an ended process includes the peak of the process that started it."""


def measured(size: int) -> tuple[float, float]:
    """MB and rows a second of CPU."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder, size)
        asked = ["export", str(folder / "file"), "--evidence", str(folder / "evidence"), "--key", LOG.line]
        ran = subprocess.run(  # noqa: S603  our own program
            [sys.executable, "-c", PROGRAM, *asked],
            env={"PYTHONPATH": str(VERIFIER)},
            capture_output=True,
            text=True,
            check=True,
        )
        code, peak, seconds = ran.stdout.splitlines()[-1].split()
        assert code == "0", ran.stdout
        return int(peak) / 1_024, size / float(seconds)


def _write(folder: Path, size: int) -> None:
    """Made in one pass: the evidence's first line, which has the signed root, is put before the rest at the end."""
    made = MadeExport(changed={"sort": "occurred_at", "rows": size, "to": None})
    made.recorded_as = "x"
    renderer, edge, entries = Renderer(made.manifest(None)), Edge(), []
    hashed, length = hashlib.sha256(), 0
    with (folder / "file").open("wb") as file, (folder / "rows").open("wb") as body:
        length += _put(file, renderer.header, hashed)
        for number in range(size):
            stored = event(number, FROM + number, FROM + number)
            entries.append(entry_of(stored))
            edge.append(leaf_hash(entries[-1]))
            keys = keys_of(stored)
            length += _put(file, renderer.line(stored, keys), hashed)
            people = [{"id": guid, "key": b64(key)} for guid, key in keys.items()]
            body.write(_line({"index": number, "canonical": b64(stored), "people": people}))
    manifest = json.dumps({**made.manifest(None), "bytes": length, "sha256": hashed.hexdigest()}).encode()
    params = {
        "export": made.manifest(None)["export"],
        "file_sha256": hashed.hexdigest(),
        "manifest_sha256": hashlib.sha256(manifest).hexdigest(),
        "rows": size,
    }
    completion = own_event(888_888, NOW + 2 * MINUTE, "audit-log.export-completed", params)
    entries.append(entry_of(completion))
    edge.append(leaf_hash(entries[-1]))
    text = f"{made.log.origin}\n{edge.size}\n{b64(edge.root)}\n"
    header = {
        "daybook": "evidence",
        "v": 1,
        "manifest": b64(manifest),
        "completion": {"index": size, "canonical": b64(completion)},
        "checkpoint": f"{text}\n{LOG.sign(text)}",
        "since": None,
        "edge": {"size": 0, "hashes": []},
    }
    with (folder / "evidence").open("wb") as evidence, (folder / "rows").open("rb") as body:
        evidence.write(_line(header))
        evidence.writelines(body)
        evidence.write(_line({"disclosed": []}))
        for at in range(0, len(entries), _LINE):
            evidence.write(_line({"entries": b64(b"".join(entries[at : at + _LINE]))}))
        evidence.write(_line({"end": {"rows": size, "entries": len(entries)}}))


def _put(file: IO[bytes], data: bytes, hashed: Any) -> int:
    hashed.update(data)
    return file.write(data)


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
