"""A forget function as its composition root makes it, over the stores and clock that a test hands in."""

from typing import Any
from urllib.parse import quote

from daybook.aws.control import ControlTable
from daybook.aws.events import EventTable
from daybook.aws.forgetting import ForgettingTable
from daybook.aws.jobs import JobTable
from daybook.forgetting import Forgetter, nobody_writes
from daybook.http import serve
from daybook.jobs import Job
from daybook.recording import Recorder
from daybook.routes import OPERATIONS
from daybook.running import Runner
from daybook.sweeps import Sweeps
from forget.handler import operations
from forget.right import RightToBeForgotten
from sweep.sweeping import Sweeping
from tests.calls import Context, answered, authorized, call
from tests.ingesting import KEYS, seeded_bytes
from tests.jobbing import MemoryQueue
from tests.reading import House


class Forgetting:
    """Operations, who forget people of a house's tenant."""

    def __init__(self, house: House, **replaced: Any) -> None:
        """`replaced`: `people` or `events`, a store in place of the table's."""
        self.queue = MemoryQueue()
        people = replaced.get("people") or ForgettingTable(house.dynamodb, house.tables.identities)
        events = replaced.get("events") or EventTable(house.dynamodb, house.tables.events)
        jobs = JobTable(house.dynamodb, house.tables.control)
        chance = seeded_bytes(f"forgetting {house.tenant}")
        sweeps = Sweeps(jobs, self.queue, KEYS, house.clock, chance)
        sweeping = Sweeping(Forgetter(people, KEYS.gone, nobody_writes), KEYS, lambda _: None)
        self._runner = Runner(jobs, self.queue, sweeping, house.clock)
        self._tenant = house.tenant
        self._operations = operations(
            RightToBeForgotten(
                control=ControlTable(house.dynamodb, house.tables.control),
                people=people,
                forgetter=Forgetter(people, KEYS.gone, sweeps.ask_for),
                jobs=jobs,
                recorder=Recorder(events, KEYS, house.clock, chance),
                clock=house.clock,
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
