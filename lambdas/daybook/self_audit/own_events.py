"""Own events as they are stored, and those among them that Daybook notes by itself: no caller stands behind them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from msgspec import structs

from daybook.catalogue.profile import OWN_ACTIVITIES, choose_variant, profile
from daybook.crypto.keys import TenantKeys
from daybook.errors import Throttled
from daybook.events.content import AcceptedEvent, ContentWriter
from daybook.events.item import StoredEvent, store_form
from daybook.events.mentions import Mentions
from daybook.events.schema import Actor, SentEvent
from daybook.events.store import Append, EventStore, Key
from daybook.ids import occurred_ms
from daybook.people.identities import Person
from daybook.tenants.settings import TenantSettings

Visibility = Literal["operations"] | None
"""Who alone may read an event. None: as its activity says."""

_NO_KEYS: Any = None
"""Only targets and references by a sender's id need the tenant's keys, and what Daybook notes has neither. So a
function that may not read the secret can write it.
"""

_NOTE_SECONDS = 0.0
"""A note is tried once. What notes something is repeated where it is throttled."""


class Writing(NamedTuple):
    """Where, when and about whom an own event is written."""

    settings: TenantSettings
    environment: str
    identifier: str
    """The event's id, which says when it occurred."""
    received_ms: int
    random_bytes: Callable[[int], bytes]
    keys: TenantKeys = _NO_KEYS
    mentions: Mentions | None = None
    people: Sequence[Person] = ()
    """Who each of the mentions is."""
    visibility: Visibility = None
    wording: Sequence[str] = ()
    """As `AcceptedEvent.wording`."""


def stored_form(event: SentEvent, writing: Writing) -> StoredEvent:
    """Rules for senders do not apply. The people must be durable already."""
    settings = writing.settings
    of_tenant = profile(settings.profile)
    activity = of_tenant.activities[event.activity]
    if writing.visibility is not None:
        activity = structs.replace(activity, visibility=writing.visibility)
    accepted = AcceptedEvent(
        event=event,
        id=writing.identifier,
        environment=writing.environment,
        occurred_ms=occurred_ms(writing.identifier),
        received_ms=writing.received_ms,
        fingerprint=None,
        activity=activity,
        variant=choose_variant(activity, event.variant, frozenset(event.params or ()), has_details=False),
        mentions=writing.mentions or Mentions(),
        wording=writing.wording,
    )
    writer = ContentWriter(
        accepted, settings, of_tenant, writing.keys, people=writing.people, random_bytes=writing.random_bytes
    )
    return store_form(accepted, writer, settings, writing.keys)


def note(
    events: EventStore,
    writing: Writing,
    activity: str,
    params: Mapping[str, Any],
    *,
    caused_by: str | None = None,
) -> Key:
    """Writes what Daybook did by itself: the actor is the system. Gives the event's key. Raises `Throttled`.

    `activity`: without the part that all own activities have. `params` name no people. Where there is an event of this
    id already, it stays: so a repeat notes nothing twice.
    """
    event = SentEvent(
        activity=OWN_ACTIVITIES + activity, actor=Actor(type="system"), params=dict(params), caused_by=caused_by
    )
    ((key, appended),) = events.append([stored_form(event, writing)], lambda: _NOTE_SECONDS).items()
    if appended is Append.THROTTLED:
        raise Throttled
    return key
