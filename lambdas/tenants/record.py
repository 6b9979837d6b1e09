"""What is done here, in the log of the log.

The order is everywhere the same: all that can be refused is refused first, then the record is written, then the change
is made. So nothing ever changes unrecorded; a change that fails after its record answers 5xx, and the same call again
(it is recorded again) completes it.
"""

from collections.abc import Mapping
from typing import Protocol

from daybook.http import Request
from daybook.recording import Doing
from daybook.tenants import TenantSettings

Params = Mapping[str, str | int | list[str] | None]


class Record(Protocol):
    def __call__(self, settings: TenantSettings, request: Request, activity: str, params: Params) -> None:
        """Leaves one event in the log of that tenant, who may not be stored yet, by the request's caller.

        Durable when it returns. Raises `Problem` 503 where it can't be written.
        """


class Recorder(Protocol):
    def record(self, settings: TenantSettings, environment: str, request: Request, doing: Doing) -> str: ...


def record_by(recorder: Recorder) -> Record:
    """In the environment of the call: these calls name none."""

    def record(settings: TenantSettings, request: Request, activity: str, params: Params) -> None:
        environment = request.caller.environment_for(None, settings.environments[0])
        recorder.record(settings, environment, request, Doing(activity, params))

    return record
