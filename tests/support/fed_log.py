"""A tenant's log whose stored events are appended to the ledger."""

from collections.abc import Container, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from daybook.batching import batched
from daybook.events.item import environment_of
from daybook.http.serve import serve
from daybook.ledger.appender import Appender
from daybook.ledger.logs import Log, LogKey
from daybook.ledger.reading import stored_event
from ledger.api_handler import operations
from tests.support.calls import Context, authorized, call
from tests.support.documented import documented
from tests.support.tenant_log import TenantLog


class FedLog(TenantLog):
    """`seal` appends what was stored since, as the stream would bring it. What is counted is kept in `counted`."""

    def __init__(self, *arguments: Any, **changed: Any) -> None:
        super().__init__(*arguments, **changed)
        self.counted: list[str] = []
        self.wiring = self.wiring.replacing(count=lambda name, number: self.counted.extend([name] * number))

    @property
    def appender(self) -> Appender:
        return self.wiring.appender("daybook")

    def items(self) -> list[dict[str, Any]]:
        """Every stored event, oldest first."""
        items = self.dynamodb.scan(TableName=self.tables.events)["Items"]
        return sorted(items, key=lambda item: str(item["sk"]["S"]))

    def seal(self) -> None:
        """Everything that is stored."""
        self.seal_only([item["sk"]["S"] for item in self.items()])

    def seal_at_once(self) -> None:
        """Everything that is stored, a hundred events an append, in no order that a test may rely on."""
        stored = [
            stored_event(environment_of(item["pk"]["S"]), item["sk"]["S"], item["z"]["B"]) for item in self.items()
        ]
        for key, several in groupby(sorted(stored, key=itemgetter(0)), key=itemgetter(0)):
            for some in batched([event for _, event in several], 100):
                self.appender.append(key, some)

    def seal_only(self, identifiers: Container[str]) -> None:
        for item in self.items():
            if item["sk"]["S"] not in identifiers:
                continue
            key, stored = stored_event(environment_of(item["pk"]["S"]), item["sk"]["S"], item["z"]["B"])
            self.appender.append(key, [stored])

    def delete(self, identifier: str) -> None:
        (item,) = (each for each in self.items() if each["sk"]["S"] == identifier)
        self.dynamodb.delete_item(TableName=self.tables.events, Key={name: item[name] for name in ("pk", "sk")})

    def log(self, environment: str = "prod", visibility: Any = "all") -> Any:
        return self.wiring.logs.current(LogKey(self.key(environment), visibility))

    def ask(self, path: str, query: Mapping[str, str | Sequence[str]], role: str = "auditor", **authorizer: Any) -> Any:
        """The answer of `/v1/feed` or `/v1/alerts`."""
        event = call(
            "GET",
            path,
            headers={"daybook-tenant": self.tenant} if role == "operations" else None,
            authorizer=authorized(role, **({"tenant": self.tenant} | authorizer)),
        )
        event["multiValueQueryStringParameters"] = {
            name: [values] if isinstance(values, str) else list(values) for name, values in query.items()
        }
        return documented(event, serve(event, Context(), operations(self.wiring, _signs_nothing)))


def _signs_nothing(_log: Log, _size: int) -> None:
    """Neither the feed nor alerts ask for a checkpoint."""
