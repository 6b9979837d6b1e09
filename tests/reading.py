"""A query function as its composition root makes it, over the stores and keys that a test hands in."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from daybook.aws.control import ControlTable
from daybook.aws.event_index import EventIndexes
from daybook.aws.events import EventTable
from daybook.aws.identities import IdentityTable
from daybook.clock import Clock
from daybook.http import serve
from daybook.reading.merge import BOUNDS
from daybook.reading.person_keys import PersonKeys
from daybook.reading.search import Search
from daybook.recording import Recorder
from daybook.routes import OPERATIONS
from query.handler import operations
from query.operations import Reads
from tests.calls import Context, authorized, call
from tests.conftest import Tables
from tests.ingesting import KEYS, NOW


def reads_over(dynamodb: Any, tables: Tables, clock: Clock = lambda: NOW, **replaced: Any) -> Reads:
    """`replaced`: `index` or `events`, a store in place of the table's; `bounds` of one request."""
    identities = IdentityTable(dynamodb, tables.identities)
    events = replaced.get("events") or EventTable(dynamodb, tables.events)
    index = replaced.get("index") or EventIndexes(dynamodb, tables.events)
    person_keys = PersonKeys(identities.read, clock)
    return Reads(
        control=ControlTable(dynamodb, tables.control),
        search=Search(index, identities, person_keys, KEYS, clock, bounds=replaced.get("bounds", BOUNDS)),
        events=events,
        identities=identities,
        person_keys=person_keys,
        recorder=Recorder(events, KEYS, clock, random.Random(3).randbytes),  # noqa: S311
        clock=clock,
    )


class Reader:
    """Reads as an auditor does, and gives what it is answered."""

    def __init__(self, reads: Reads, tenant: str = "acme", role: str = "auditor") -> None:
        self._operations = operations(reads)
        self._role = role
        self._tenant = tenant

    def __call__(
        self,
        path: str = "/v1/events",
        query: Mapping[str, str | Sequence[str]] | None = None,
        parameters: Mapping[str, str] | None = None,
        **authorizer: Any,
    ) -> dict[str, Any]:
        of_operations = self._role == OPERATIONS
        event = call(
            "GET",
            path,
            parameters=parameters,
            headers={"daybook-tenant": self._tenant} if of_operations else None,
            authorizer=authorized(self._role, **({"tenant": "" if of_operations else self._tenant} | authorizer)),
        )
        event["multiValueQueryStringParameters"] = {
            name: [values] if isinstance(values, str) else list(values) for name, values in (query or {}).items()
        }
        return serve(event, Context(), self._operations)
