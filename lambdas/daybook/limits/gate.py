"""Stands before the operations of a function: whoever is past a limit gets 429 and no operation.

Operations keys are not limited. Who holds one may change every limit, and what operators do in a tenant must neither
use up its limits nor wait for them.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil

from daybook.access.roles import OPERATIONS
from daybook.errors import Throttled, UnknownTenant
from daybook.http.caller import Caller
from daybook.http.problem import Problem
from daybook.http.request import Answer, Request
from daybook.http.serve import Operation
from daybook.limits.allowance import Allowance, LimitReached
from daybook.limits.known_limits import KnownLimits
from daybook.observability import CALLS_LIMITED
from daybook.tenant import Tenant, TenantCode
from daybook.tenants.limits import CALLS, EVENTS, EVENTS_A_DAY, READ_UNITS, Limits, Resource


@dataclass(frozen=True)
class Gate:
    allowance: Allowance
    limits: KnownLimits
    read_units: Callable[[], float]
    """What the reads of this instance have consumed since it was last asked."""
    count: Callable[[str, int], None]

    def reads(self, operations: Mapping[str, Operation]) -> dict[str, Operation]:
        """The operations, limited in calls and in read units. What they read is counted when they have answered."""
        return {name: self._limited(operation, READ_UNITS) for name, operation in operations.items()}

    def calls(self, operation: Operation) -> Operation:
        """The operation, limited in calls alone: no search of an auditor keeps a product from sending events."""
        return self._limited(operation)

    def events(self, code: TenantCode, limits: Limits, caller: Caller, number: int) -> None:
        """For a call that sends so many events. Raises `Problem` 429, and then none of them may be stored."""
        if OPERATIONS not in caller.roles:
            with self._refusing():
                for resource in (EVENTS, EVENTS_A_DAY):
                    self.allowance.take(code, limits, resource, number)

    def _limited(self, operation: Operation, *settled: Resource) -> Operation:
        def limited(request: Request) -> Answer:
            known = self._known(request.caller)
            if known is None:
                return operation(request)
            with self._refusing():
                if not self._admits(*known, *settled, CALLS):
                    known = self.limits.before_refusing(Tenant(request.caller.tenant))
                for resource in settled:
                    self.allowance.check(*known, resource)
                self.allowance.take(*known, CALLS, 1)
            self.read_units()
            try:
                return operation(request)
            finally:
                for resource in settled:
                    self.allowance.charge(*known, resource, ceil(self.read_units()))

        return limited

    def _admits(self, code: TenantCode, limits: Limits, *resources: Resource) -> bool:
        try:
            for resource in resources:
                self.allowance.check(code, limits, resource)
        except LimitReached:
            return False
        return True

    def _known(self, caller: Caller) -> tuple[TenantCode, Limits] | None:
        """None for who is not limited, and where the operation itself will say what is wrong."""
        if OPERATIONS in caller.roles:
            return None
        try:
            return self.limits.last_read(Tenant(caller.tenant))
        except (UnknownTenant, Throttled):
            return None

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except LimitReached as reached:
            self.count(CALLS_LIMITED, 1)
            seconds = reached.retry_after_seconds
            raise Problem(
                429,
                "limit_reached",
                f"The tenant's limit is reached: {reached.resource.limit}, {reached.limit}. Wait {seconds} s.",
                headers={"Retry-After": str(seconds)},
            ) from None
