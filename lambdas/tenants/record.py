"""What the log of the log has to offer here.

The order is everywhere the same: all that can be refused is refused first, then the record is written, then the change
is made. So nothing ever changes unrecorded; a change that fails after its record answers 5xx, and the same call again
(it is recorded again) completes it.
"""

from collections.abc import Mapping
from typing import Protocol

from daybook.http import Request
from daybook.tenants import TenantSettings


class Record(Protocol):
    def __call__(
        self,
        settings: TenantSettings,
        request: Request,
        activity: str,
        params: Mapping[str, str | int | list[str] | None],
    ) -> None:
        """Leaves one event in the log of that tenant, who may not be stored yet, by the request's caller.

        Durable when it returns. Raises `Problem` 503 where it can't be written.
        """
