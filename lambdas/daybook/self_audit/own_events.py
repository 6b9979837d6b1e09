"""What Daybook notes in a tenant's log by itself: the actor is the system, and no caller stands behind it."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import structs

from daybook.catalogue.profile import OWN_ACTIVITIES, choose_variant, profile
from daybook.events.content import AcceptedEvent, ContentWriter
from daybook.events.item import StoredEvent, store_form
from daybook.events.mentions import Mentions
from daybook.events.schema import Actor, SentEvent
from daybook.ids import occurred_ms
from daybook.tenants.settings import TenantSettings

_NO_KEYS: Any = None
"""Only targets and references by a sender's id need the tenant's keys, and these events have neither. So a function
that may not read the secret can write them.
"""


def own_event(  # noqa: PLR0913  what an event is made of, most of it by name
    settings: TenantSettings,
    environment: str,
    activity: str,
    params: Mapping[str, Any],
    *,
    identifier: str,
    received_ms: int,
    random_bytes: Callable[[int], bytes],
    visibility: str | None = None,
    caused_by: str | None = None,
) -> StoredEvent:
    """The event as it is stored. `activity`: without the part that all own activities have. `params` name no people.

    `identifier`: the event's id, which says when it occurred. `visibility`: the one role that may read it; None: as the
    activity says.
    """
    event = SentEvent(
        activity=OWN_ACTIVITIES + activity, actor=Actor(type="system"), params=dict(params), caused_by=caused_by
    )
    of_tenant = profile(settings.profile)
    known = of_tenant.activities[event.activity]
    accepted = AcceptedEvent(
        event=event,
        id=identifier,
        environment=environment,
        occurred_ms=occurred_ms(identifier),
        received_ms=received_ms,
        fingerprint=None,
        activity=known if visibility is None else structs.replace(known, visibility=visibility),
        variant=choose_variant(known, None, frozenset(params), has_details=False),
        mentions=Mentions(),
    )
    writer = ContentWriter(accepted, settings, of_tenant, _NO_KEYS, people=(), random_bytes=random_bytes)
    return store_form(accepted, writer, settings, _NO_KEYS)
