"""One event by its id, as the caller of a request may read it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from daybook.events.item import environment_of as environment_of_partition
from daybook.events.item import partition_of
from daybook.events.packing import unpack
from daybook.events.reader import content_in
from daybook.events.store import EventStore
from daybook.http.environments import environment_of
from daybook.http.problem import not_found
from daybook.http.request import Request
from daybook.ids import FORM, occurred_ms
from daybook.tenant import EnvironmentKey
from daybook.tenants.settings import TenantSettings


class FoundEvent(NamedTuple):
    id: str
    environment: EnvironmentKey
    canonical: bytes
    content: dict[str, Any]


def find_event(
    events: EventStore, request: Request, settings: TenantSettings, environment: str | None, now_ms: int
) -> FoundEvent:
    """The event that the path names, in the environment that the call names, else in any that the caller reaches.

    Raises `Problem` 404 where there is none, where it is past retention, and where only operations may read it.
    """
    identifier = request.parameters["event_id"]
    if not FORM.fullmatch(identifier):
        raise not_found("event")
    environments = _may_read(request, settings, environment)
    moment_ms = occurred_ms(identifier)
    if moment_ms < settings.retention_edge(now_ms):
        raise not_found("event")
    keys = [(partition_of(settings, environment, identifier, moment_ms), identifier) for environment in environments]
    kept = events.find(keys)
    for key in keys:
        if key in kept:
            canonical = unpack(kept[key].packed)
            content = content_in(canonical)
            if content.get("visibility", request.caller.role) != request.caller.role:
                break
            return FoundEvent(identifier, environment_of_partition(key[0]), canonical, content)
    raise not_found("event")


def _may_read(request: Request, settings: TenantSettings, named: str | None) -> Sequence[str]:
    if named is not None:
        return [environment_of(request, settings, named)]
    return [each for each in settings.environments if request.caller.reaches(each)]
