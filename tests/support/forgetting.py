"""A forget function as its composition root makes it, over the stores and clock that a test hands in."""

from typing import Any
from urllib.parse import quote

from daybook.access.roles import OPERATIONS
from daybook.aws.control_table.jobs import JobTable
from daybook.aws.control_table.tenants import ControlTable
from daybook.aws.events_table.append import EventTable
from daybook.aws.identities_table.erase import ForgettingTable
from daybook.http.serve import serve
from daybook.jobs.job import Job
from daybook.jobs.runner import Runner
from daybook.jobs.sweep import Sweeps
from daybook.people.forgetter import Forgetter, nobody_writes
from daybook.self_audit.recorder import Recorder
from forget.api_handler import operations
from forget.operations import RightToBeForgotten
from forget.sweep import Sweeping
from tests.support.calls import Context, answered, authorized, call
from tests.support.ingest import KEYS, seeded_bytes
from tests.support.jobs import MemoryQueue
from tests.support.tenant_log import TenantLog


class Forgetting:
    """Operations, who forget people of a house's tenant."""

    def __init__(self, log: TenantLog, **replaced: Any) -> None:
        """`replaced`: `people` or `events`, a store in place of the table's."""
        self.queue = MemoryQueue()
        people = replaced.get("people") or ForgettingTable(log.dynamodb, log.tables.identities)
        events = replaced.get("events") or EventTable(log.dynamodb, log.tables.events)
        jobs = JobTable(log.dynamodb, log.tables.control)
        chance = seeded_bytes(f"forgetting {log.tenant}")
        sweeps = Sweeps(jobs, self.queue, KEYS, log.clock, chance)
        sweeping = Sweeping(Forgetter(people, KEYS.gone, nobody_writes), KEYS, lambda _: None)
        self._runner = Runner(jobs, self.queue, sweeping, log.clock)
        self._tenant = log.tenant
        self._operations = operations(
            RightToBeForgotten(
                control=ControlTable(log.dynamodb, log.tables.control),
                people=people,
                forgetter=Forgetter(people, KEYS.gone, sweeps.ask_for),
                jobs=jobs,
                recorder=Recorder(events, KEYS, log.clock, chance),
                clock=log.clock,
            )
        )

    def call(self, text: str, role: str = OPERATIONS) -> dict[str, Any]:
        of_operations = role == OPERATIONS
        event = call(
            "POST",
            "/v1/actors/{actor}/forget",
            parameters={"actor": quote(text, safe="")},
            headers={"daybook-tenant": self._tenant} if of_operations else None,
            authorizer=authorized(role, tenant="" if of_operations else self._tenant),
        )
        return serve(event, Context(), self._operations)

    def sweep(self) -> list[Job]:
        """Every sweep that was asked for, as it ends."""
        sent, self.queue.sent = self.queue.sent, []
        return [self._runner.run(job.key, lambda: 180.0) for job, _ in sent]

    def forget(self, text: str) -> dict[str, Any]:
        answer = self.call(text)
        assert answer["statusCode"] == 200, answer["body"]
        done: dict[str, Any] = answered(answer)
        return done
