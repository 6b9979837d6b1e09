"""The functions' own wiring, over the stores, clock and randomness that a test gives."""

import random
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from benchmarks.typical import NOW, SECRET
from daybook.aws.tenant_sessions import TenantClient
from daybook.aws.wiring import Tables, Wiring
from daybook.clock import Clock
from daybook.tenant import TenantCode
from tests.support.usage import MemoryUsage


def seeded_bytes(seed: int | str = 1) -> Callable[[int], bytes]:
    """Random bytes that a test can repeat."""
    return random.Random(seed).randbytes  # noqa: S311


def wiring_over(
    dynamodb: Any, tables: Tables, clock: Clock = lambda: NOW, seed: int | str = 1, **replaced: Any
) -> Wiring:
    """`replaced` are other stores and services, by the names of the wiring's properties.

    A tenant's events and people are read by a client that refuses all other partitions, as IAM does.
    """
    client_of = partial(GuardedClient, dynamodb)
    return Wiring(
        dynamodb, tables, lambda: SECRET, clock, seeded_bytes(seed), {"usage": MemoryUsage(), **replaced}, client_of
    )


class GuardedClient(TenantClient):
    """Reads one tenant's partitions and inserts."""

    def __init__(self, client: Any, tenant: TenantCode) -> None:
        self._client = client
        self._tenant = tenant

    def _read(self, call: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
        for key in partitions(arguments):
            assert f"{key}#".startswith(f"{self._tenant}#"), f"{self._tenant} may not read {key}"
        return call(**arguments)


def partitions(arguments: Mapping[str, Any]) -> Iterator[str]:
    """The partition keys that a query or a batch of reads names; at least one."""
    if "RequestItems" in arguments:
        yield from (key["pk"]["S"] for wanted in arguments["RequestItems"].values() for key in wanted["Keys"])
    else:
        _, value = arguments["KeyConditionExpression"].partition(" AND ")[0].split(" = ")
        yield arguments["ExpressionAttributeValues"][value]["S"]
