"""Logs and proofs that Daybook itself serves, followed and verified by the auditor's package."""

import json
from pathlib import Path
from typing import Any

import pytest

from daybook.aws.wiring import Tables
from daybook.ledger.entries import Entry
from daybook.ledger.logs import LogKey
from daybook_verify import kept, monitor, proof
from daybook_verify.checkpoints import Trust
from daybook_verify.notes import parse_key
from daybook_verify.report import Report
from infra.local.gateway.gateway import response_of
from tests.support.calls import answered
from tests.support.ingest import NOW
from tests.support.ledger import RECEIVED
from tests.support.sealed_log import LedgerReader, SealedLog, stored_entries
from tests.support.tenant_log import TenantLog

in_memory = pytest.mark.parametrize("store", ["memory"], indirect=True)


class Tenant:
    def __init__(self, dynamodb: Any, tables: Tables) -> None:
        self.log = TenantLog(dynamodb, tables)
        self.read = LedgerReader(self.log)
        self.sealed = SealedLog(self.log.wiring, LogKey(self.log.key(), "all"))

    @property
    def trust(self) -> Trust:
        """The lines that Daybook lists."""
        (described,) = answered(self.read("/v1/logs"))["logs"]
        return Trust(tuple(map(parse_key, described["key"])))

    def serve(self, path: str) -> bytes | None:
        """What lies under the log's prefix."""
        kind, _, rest = path.partition("/")
        more = {"tile": rest} if kind == "tile" else {}
        resource = "/v1/logs/{log}/tile/{tile+}" if more else "/v1/logs/{log}/checkpoint"
        answer = response_of(self.read(resource, None, {"log": self.sealed.log.name, **more}))
        return answer.get_data() if answer.status_code == 200 else None


@pytest.fixture
def tenant(dynamodb: Any, tables: Tables) -> Tenant:
    return Tenant(dynamodb, tables)


@in_memory
def test_a_log_of_daybooks_is_followed(tenant: Tenant, tmp_path: Path) -> None:
    """Through partial and full tiles of two levels."""
    state = tmp_path / "kept"
    for size in (1, 255, 257, 300, 512, 700):
        at = tenant.sealed.size
        tenant.sealed.append([Entry(f"{number:036}", RECEIVED + number, bytes(32)) for number in range(at, size)])
        tenant.sealed.sign()
        report = Report()
        monitor.follow(tenant.serve, tenant.trust, state, NOW, report)
        assert report.exit_code == 0, report.lines()
    assert [each.checkpoint.size for each in kept.read(state)] == [1, 255, 257, 300, 512, 700]


@in_memory
def test_proofs_of_daybooks_are_genuine(tenant: Tenant) -> None:
    """Of each event in a small log, and they show what the event says."""
    sent = tenant.log.sent(*({"activity": "invoice:approve", "details": f"number {number}"} for number in range(9)))
    tenant.sealed.append(stored_entries(tenant.log.dynamodb, tenant.log.tables, tenant.sealed.log.key))
    tenant.sealed.sign()
    for number, event_id in enumerate(sent):
        answer = tenant.read("/v1/events/{event_id}/proof", None, {"event_id": event_id})
        report = Report()
        proof.verify(answer["body"].encode(), tenant.trust, report)
        assert report.exit_code == 0
        assert report.event is not None
        assert (report.event["id"], report.event["details"]) == (event_id, f"number {number}")
        assert json.loads(report.as_json())["event"]["activity"] == "invoice:approve"
