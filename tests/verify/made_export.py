"""An export with its evidence, made without Daybook. Only the rows' text is rendered by the package under test."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from daybook_verify.rows import Renderer
from tests.verify.made_log import (
    DAY,
    LOG,
    LOGS_TIME,
    MINUTE,
    NOW,
    ORIGIN,
    MadeLog,
    Signer,
    b64,
    canonical,
    edge,
    event_id,
    event_key,
    sealed,
    time,
)

TENANT, ENVIRONMENT = "acme", "prod"
FROM, TO = NOW - 10 * DAY, NOW - DAY
GUIDS = ["7e8b1406-d903-4c91-b7fb-69e769742c8d", "a5a4f007-abc4-4fe1-ab19-f685efde94ca"]
FORGOTTEN = GUIDS[1]


def event(number: int, occurred_ms: int, received_ms: int, activity: str = "clusters.update", **more: Any) -> bytes:
    """Mike or the forgotten Jane did something to the other."""
    identifier = event_id(occurred_ms, number)
    cast = GUIDS if number % 2 else GUIDS[::-1]
    people = [
        {
            "id": guid,
            "sealed": sealed(
                event_key(guid, identifier),
                (TENANT, ENVIRONMENT, identifier, guid),
                [f"person.{number % 7}", "Zoë =Ünal", None, f"u-{number}", "203.0.113.7"],
            ),
        }
        for guid in cast
    ]
    return canonical(
        {
            "v": 1,
            "id": identifier,
            "tenant": TENANT,
            "environment": ENVIRONMENT,
            "occurred_at": time(occurred_ms),
            "received_at": time(received_ms),
            "activity": activity,
            "component": "clusters",
            "event": "update",
            "category": "other",
            "origin": "user",
            "status": "success",
            "actor": {"type": "user", "id": cast[0], "roles": ["Admin"]},
            "sender": {"credential": "k"},
            "target": {"type": "cluster", "id": f"c-{number}", "name": "=A1"},
            "details": f"changed {number}, as ~1.0; asked\r\nand 5 ~~ 6",
            "people": people,
            **more,
        }
    )


def own_event(number: int, at_ms: int, activity: str, params: dict[str, Any], **more: Any) -> bytes:
    """One of Daybook's own."""
    return canonical(
        {
            "v": 1,
            "id": event_id(at_ms, number),
            "tenant": TENANT,
            "environment": ENVIRONMENT,
            "occurred_at": time(at_ms),
            "received_at": time(at_ms),
            "activity": activity,
            "component": "audit-log",
            "event": "x",
            "category": "audit-log",
            "origin": "system",
            "status": "success",
            "actor": {"type": "system", "alias": "System"},
            "params": params,
            "salt": "AAAAAAAAAAAAAAAAAAAAAA",
            **more,
        }
    )


@dataclass
class MadeExport:
    """What was stored, and what of it is exported. Fields may be changed before the files are asked for."""

    view: str = "generic"
    format: str = "csv"
    log: MadeLog = field(default_factory=MadeLog)
    rows: list[tuple[int, bytes]] = field(default_factory=list)
    """Index and event, in the file's order."""
    start: int = 0
    """Where the entries of the evidence begin."""
    signers: tuple[Signer, ...] = (LOG, LOGS_TIME)
    since_signers: tuple[Signer, ...] = (LOG, LOGS_TIME)
    since_seconds: int = (FROM - 6 * MINUTE) // 1_000
    disclosed: list[tuple[int, bytes]] = field(default_factory=list)
    """Changes of the retention."""
    record: list[tuple[int, bytes]] = field(default_factory=list)
    """The record of the request, which is disclosed too."""
    recorded_as: str = ""
    changed: dict[str, Any] = field(default_factory=dict)
    """Fields of the manifest."""
    completed: dict[str, Any] = field(default_factory=dict)
    """Parameters of the event of the completion."""
    appended: int = 0
    """Entries behind the completion."""

    def manifest(self, file: bytes | None) -> dict[str, Any]:
        about = {} if file is None else {"bytes": len(file), "sha256": hashlib.sha256(file).hexdigest()}
        return {
            "version": 1,
            "export": event_id(NOW, 777_777),
            "tenant": TENANT,
            "tenant_name": "Acme, Inc",
            "environment": ENVIRONMENT,
            "asked_by": {"credential": "a", "role": "auditor"},
            "asked_at": time(NOW),
            "recorded_as": self.recorded_as,
            "filters": [f"from={time(FROM)}"],
            "from": time(FROM),
            "to": time(TO),
            "received_until": time(NOW),
            "complete": True,
            "sort": "-occurred_at",
            "view": self.view,
            "tz": "UTC",
            "format": self.format,
            "mark": self.format == "csv",
            "filename": "AuditLogs.csv",
            "rows": len(self.rows),
            **about,
            "profile": "generic",
            "tenant_profile": "generic",
            "evidence": True,
            "log": ORIGIN,
            "catalogue_version": 1,
            "completed_at": time(NOW + 2 * MINUTE),
            **self.changed,
        }

    def file(self) -> bytes:
        renderer = Renderer(self.manifest(None))
        return renderer.header + b"".join(renderer.line(each, keys_of(each)) for _, each in self.rows)

    def evidence(self, file: bytes) -> list[dict[str, Any]]:
        """Line by line."""
        manifest = json.dumps(self.manifest(file)).encode()
        params = {
            "export": event_id(NOW, 777_777),
            "file_sha256": hashlib.sha256(file).hexdigest(),
            "manifest_sha256": hashlib.sha256(manifest).hexdigest(),
            "rows": len(self.rows),
            **self.completed,
        }
        caused_by = params.pop("caused_by", self.recorded_as)
        completion = own_event(888_888, NOW + 2 * MINUTE, "audit-log.export-completed", params, caused_by=caused_by)
        log = MadeLog(entries=[*self.log.entries])
        index = log.add(completion)
        for number in range(self.appended):
            log.add(event(900_000 + number, FROM + number, NOW + 3 * MINUTE))
        before, entries = log.entries[: self.start], log.entries[self.start :]
        return [
            {
                "daybook": "evidence",
                "v": 1,
                "manifest": b64(manifest),
                "completion": {"index": index, "canonical": b64(completion)},
                "checkpoint": log.note(signers=self.signers),
                "since": log.note(self.start, self.since_seconds, self.since_signers) if self.start else None,
                "edge": {"size": self.start, "hashes": [b64(each) for each in edge(before)]},
            },
            *(
                {
                    "index": at,
                    "canonical": b64(each),
                    "people": [{"id": guid, "key": b64(key)} for guid, key in keys_of(each).items()],
                }
                for at, each in self.rows
            ),
            {"disclosed": [{"index": at, "canonical": b64(each)} for at, each in self.record + self.disclosed]},
            *({"entries": b64(b"".join(entries[at : at + 1_000]))} for at in range(0, len(entries), 1_000)),
            {"end": {"rows": len(self.rows), "entries": len(entries)}},
        ]


def keys_of(stored: bytes) -> dict[str, bytes]:
    """But for whoever is forgotten."""
    content = json.loads(stored)
    known = [each["id"] for each in content.get("people", []) if each["id"] != FORGOTTEN]
    return {guid: event_key(guid, content["id"]) for guid in known}


def packed(lines: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(each, ensure_ascii=False, separators=(",", ":")).encode() + b"\n" for each in lines)


def made_export(rows: int, seed: int = 0, **changed: Any) -> MadeExport:
    """Of a log with everything that may lie in it, in another order than the events' times.

    There are events before, after and beside the span, late ones, and the export's own record.
    """
    random, made = Random(seed), MadeExport(**changed)  # noqa: S311  a test's data
    for number in range(rows // 2 + 3):
        at = FROM - DAY - number * MINUTE
        made.log.add(event(100_000 + number, at, at))
    made.start = len(made.log.entries) if seed % 2 else 0
    stored = [*_within(rows, random), *_beside(random)]
    random.shuffle(stored)
    for each, is_row in stored:
        index = made.log.add(each)
        if is_row:
            made.rows.append((index, each))
    made.rows.sort(key=lambda row: json.loads(row[1])["id"], reverse=True)
    record = own_event(666_666, NOW, "audit-log.exported", {"filename": "AuditLogs.csv"})
    made.recorded_as = json.loads(record)["id"]
    made.record = [(made.log.add(record), record)]
    return made


def _within(rows: int, random: Random) -> Iterator[tuple[bytes, bool]]:
    for number in range(rows):
        occurred = random.randrange(FROM, TO)
        yield event(number, occurred, random.choice((occurred, occurred + 5, NOW))), True


def _beside(random: Random) -> Iterator[tuple[bytes, bool]]:
    for number in range(300_000, 300_005):
        occurred = random.randrange(TO, NOW)
        yield event(number, occurred, occurred), False
    for number in range(400_000, 400_003):
        yield event(number, random.randrange(FROM, TO), NOW + 1 + number % 3), False
