"""What tenants use, in memory."""

from collections import Counter

from daybook.tenant import TenantCode
from daybook.tenants.limits import Resource


class MemoryUsage:
    """The store of `daybook.limits`, shared by the instances of a test. It can be made to fail."""

    def __init__(self) -> None:
        self.sums: Counter[tuple[TenantCode, str, int]] = Counter()
        self.reports = 0
        self.broken = False

    def add(self, code: TenantCode, resource: Resource, span: int, amount: int) -> int:
        self.reports += 1
        if self.broken:
            raise ConnectionError
        self.sums[code, resource.limit, span] += amount
        return self.sums[code, resource.limit, span]
