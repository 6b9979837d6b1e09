"""The forget function and its sweep over a log's wiring."""

from typing import Any
from urllib.parse import quote

from daybook.access.roles import OPERATIONS
from daybook.http.serve import serve
from daybook.jobs.job import Job
from forget.api_handler import operations
from forget.sweep_handler import runner_over
from tests.support.calls import Context, answered, authorized, call
from tests.support.documented import documented
from tests.support.jobs import MemoryQueue, received
from tests.support.tenant_log import TenantLog


class Forgetting:
    """Operations, who forget people of a log's tenant."""

    def __init__(self, log: TenantLog, **replaced: Any) -> None:
        """`replaced` are properties of the wiring."""
        self.queue = MemoryQueue()
        wiring = log.wiring.replacing(**replaced)
        self._runner = runner_over(wiring, self.queue, lambda _: None)
        self._tenant = log.tenant
        self._operations = operations(wiring, self.queue)

    def call(self, text: str, role: str = OPERATIONS, **query: str) -> dict[str, Any]:
        of_operations = role == OPERATIONS
        event = call(
            "POST",
            "/v1/actors/{actor}/forget",
            parameters={"actor": quote(text, safe="")},
            headers={"daybook-tenant": self._tenant} if of_operations else None,
            authorizer=authorized(role, tenant="" if of_operations else self._tenant),
        )
        event["multiValueQueryStringParameters"] = {name: [value] for name, value in query.items()}
        return documented(event, serve(event, Context(), self._operations))

    def sweep(self) -> list[Job]:
        """Runs every sweep that is queued and returns the ended jobs."""
        sent, self.queue.sent = self.queue.sent, []
        return [self._runner.run(received(job), lambda: 180.0) for job, _ in sent]

    def report(self, text: str, **query: str) -> dict[str, Any]:
        answer = self.call(text, **query)
        assert answer["statusCode"] == 200, answer["body"]
        done: dict[str, Any] = answered(answer)
        return done

    def forget(self, text: str, **query: str) -> dict[str, Any]:
        """What the answer says about the one person whom it forgot."""
        (person,) = self.report(text, **query)["forgotten"]
        return dict(person)
