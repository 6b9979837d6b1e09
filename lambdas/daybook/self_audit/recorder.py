"""The log of the log: what is done with Daybook leaves events `audit-log.…` in the tenant's own log.

They are events like others, under the same rules about people: whom a filter names stands in them sealed.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, Protocol

from msgspec import structs

from daybook.access.roles import OPERATIONS
from daybook.catalogue.profile import OWN_ACTIVITIES, profile
from daybook.catalogue.tenant_catalogue import Catalogue
from daybook.clock import MINUTE, Clock, format_time
from daybook.crypto.hkdf import length_prefixed, tag
from daybook.crypto.keys import DeploymentKeys
from daybook.events.acceptance import AcceptancePolicy
from daybook.events.content import ContentWriter
from daybook.events.decoding import read_event
from daybook.events.item import store_form
from daybook.events.mentions import Mention, Mentions
from daybook.events.store import Append, EventStore
from daybook.http.caller import Caller
from daybook.http.problem import Problem
from daybook.http.request import Request
from daybook.people.identities import Person, Reference
from daybook.tenants.settings import TenantSettings
from daybook.text import UNCLEAN_IN_LINE

_MAX_TEXT = 4_000
_MAX_AGENT = 1_024
_MAX_REQUEST_ID = 256


class AuditAction(NamedTuple):
    """What was done: an own activity, its variant and parameters, and the people whom these name."""

    activity: str
    params: Mapping[str, Any]
    variant: str | None = None
    people: Mapping[str, Iterable[Person]] = {}
    """By the text that stands for them in `params`."""
    once_a_minute: bytes | None = None
    """What makes two doings of one credential in one minute the same; None: each is one of its own."""


class Recorder:
    def __init__(
        self, events: EventStore, keys: DeploymentKeys, clock: Clock, random_bytes: Callable[[int], bytes]
    ) -> None:
        self._events = events
        self._keys = keys
        self._clock = clock
        self._random = random_bytes

    def record(self, settings: TenantSettings, environment: str, request: Request, action: AuditAction) -> str:
        """Writes the event, durable on return, and gives its id. Raises `Problem` 503 where that can't be done.

        A doing that is recorded once a minute is one INSERT all the same: that it is there already is no failure.
        """
        policy = AcceptancePolicy(
            settings, Catalogue(profile(settings.profile), {}), self._keys, self._clock(), self._random, own=True
        )
        received = read_event(self._sent(settings, environment, request, action))
        identified = policy.identify(received, environment)
        accepted = policy.policy(received, environment, identified)
        people = [(text, person) for text, persons in action.people.items() for person in persons]
        references = {Reference(username=text, address=person.guid): person for text, person in people}
        accepted = structs.replace(accepted, mentions=Mentions([Mention(reference) for reference in references]))
        writer = ContentWriter(accepted, settings, policy.profile, self._keys, references)
        form = store_form(accepted, writer, settings, self._keys)
        appended = self._events.append([form], request.remaining_seconds)
        if appended[form.partition, form.id] is Append.THROTTLED:
            raise Problem(
                503,
                "not_recorded",
                "What was asked for could not be recorded; try again.",
                headers={"Retry-After": "1"},
            )
        return form.id

    def _sent(
        self, settings: TenantSettings, environment: str, request: Request, action: AuditAction
    ) -> dict[str, Any]:
        caller = request.caller
        sent: dict[str, Any] = {
            "activity": OWN_ACTIVITIES + action.activity,
            "environment": environment,
            "actor": _actor(caller),
            "params": {name: _fitting(value) for name, value in action.params.items()},
            "context": {
                "ip": _clean(request.source_ip, 64),
                "user_agent": _clean(request.user_agent, _MAX_AGENT),
                "request_id": _clean(request.request_id, _MAX_REQUEST_ID),
            },
        }
        if action.variant is not None:
            sent["variant"] = action.variant
        if action.once_a_minute is not None:
            minute = self._clock() // MINUTE * MINUTE
            # The minute too: whoever has read one such id must not know the next, and send an event under it first.
            same = length_prefixed(settings.tenant, caller.credential, str(minute)) + action.once_a_minute
            sent["id"] = f"{action.activity}-{tag(self._keys.fingerprint, same).hex()}"
            sent["occurred_at"] = format_time(minute)
        return sent


def _actor(caller: Caller) -> dict[str, Any]:
    if caller.role == OPERATIONS:
        return {"type": "operations", "id": caller.credential}
    return {"type": "api", "id": caller.credential, "username": caller.label or caller.credential}


def _fitting(value: Any) -> Any:
    """A parameter within the limits of one; what is longer is cut, since what was done must be recorded."""
    if isinstance(value, list):
        return [_fitting(each) for each in value[:100]]
    return value[:_MAX_TEXT] if isinstance(value, str) else value


def _clean(text: str | None, most: int) -> str | None:
    return UNCLEAN_IN_LINE.sub(" ", text)[:most] if text else None


Params = Mapping[str, str | int | list[str] | None]


class Record(Protocol):
    """What changes a tenant's things is handed this way of recording it.

    The order is everywhere the same: all that can be refused is refused first, then the record is written, then the
    change is made. So nothing ever changes unrecorded; a change that fails after its record answers 5xx, and the same
    call again (it is recorded again) completes it.
    """

    def __call__(
        self, settings: TenantSettings, request: Request, activity: str, params: Params, variant: str | None = None
    ) -> None:
        """Leaves one event in the log of that tenant, who may not be stored yet, by the request's caller.

        Durable when it returns. Raises `Problem` 503 where it can't be written.
        """


def record_by(recorder: Recorder) -> Record:
    """In the environment of the call: these calls name none."""

    def record(
        settings: TenantSettings, request: Request, activity: str, params: Params, variant: str | None = None
    ) -> None:
        environment = request.caller.environment_for(None, settings.environments[0])
        recorder.record(settings, environment, request, AuditAction(activity, params, variant))

    return record
