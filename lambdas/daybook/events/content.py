"""An event's content: a document that is complete by itself and contains nobody's name.

It holds what was sent, and what the catalogue said about it at that moment. People appear as GUIDs and tokens, with
their fields sealed. The canonical bytes (RFC 8785) of the content are what is stored, hashed and proven. Absent values
are left out.
"""

import base64
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from daybook.catalogue.aliases import USER
from daybook.catalogue.profile import Activity, Profile, Variant
from daybook.clock import format_time
from daybook.crypto.keys import TenantKeys
from daybook.events.canonical import FORMAT
from daybook.events.identity import derived_event_id
from daybook.events.mentions import Mentions
from daybook.events.people_fields import SealedPeople
from daybook.events.schema import EventReference, ParameterObject, SentEvent
from daybook.events.times import read_time
from daybook.ids import FORM
from daybook.people.identities import Person
from daybook.people.tokens import escape
from daybook.tenants.settings import TenantSettings

SALT_BYTES = 16


class AcceptedEvent(Struct, frozen=True):
    """An accepted event, with what is needed to write its content."""

    event: SentEvent
    id: str
    environment: str
    occurred_ms: int
    received_ms: int
    fingerprint: bytes | None
    activity: Activity
    variant: Variant | None
    mentions: Mentions
    sender: str | None = None
    """The credential that sent it. None for Daybook's own events: their actor is the caller."""
    adjusted: Sequence[str] = ()
    wording: Sequence[str] = ()
    """Of Daybook's own events: the pieces of the details, in place of the activity's own wording."""


class Said(str):
    """A piece of a wording that a caller chose: whom it names is sealed. The other pieces are Daybook's own words, also
    where somebody is called like one of them.
    """

    __slots__ = ()


class ContentWriter:
    """Writes one event's content. `people`: who each of its mentions is, in their order. `random_bytes` give a salt."""

    def __init__(  # noqa: PLR0913  one for each thing that content is made of
        self,
        accepted: AcceptedEvent,
        settings: TenantSettings,
        profile: Profile,
        keys: TenantKeys,
        *,
        people: Sequence[Person],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._random = random_bytes
        self._accepted = accepted
        self._event = accepted.event
        self._settings = settings
        self._profile = profile
        self._keys = keys
        self._people = SealedPeople(accepted.mentions.all, accepted.mentions.origin, accepted.event.context, people)
        self._cast = self._people.cast

    @property
    def _is_shown_by_alias(self) -> bool:
        """Whether the actor is shown by the alias of its type: it has neither a name nor an id of a person."""
        mention = self._accepted.mentions.actor
        return mention is None or self._accepted.mentions.all[mention].reference.address is not None

    def write(self) -> dict[str, Any]:
        event, activity, variant = self._event, self._accepted.activity, self._accepted.variant
        params = self._params()
        content: dict[str, Any] = {
            "v": FORMAT,
            "id": self._accepted.id,
            "tenant": self._settings.tenant,
            "environment": self._accepted.environment,
            "occurred_at": format_time(self._accepted.occurred_ms),
            "received_at": format_time(self._accepted.received_ms),
            "activity": event.activity,
            "component": activity.component or None,
            "event": activity.event,
            "category": activity.category,
            "origin": origin_of(activity, variant, event.actor.type),
            "visibility": activity.visibility,
            "variant": variant.variant if variant is not None else event.variant,
            "status": event.status or "success",
            "client_id": None if event.id is None else self._cast.identifier(event.id),
            "sender": None if self._accepted.sender is None else {"credential": self._accepted.sender},
            "actor": self._actor(),
            "source": None if event.source is None else {"type": event.source.type},
            "target": self._target(),
            "params": params or None,
            "details": self._details(params),
            "changes": self._changes(),
            "context": self._context(),
            "caused_by": self._caused_by(),
            "adjusted": list(self._accepted.adjusted) or None,
        }
        # This comes last, because writing the texts above adds values that must be sealed.
        tenant, environment = self._settings.tenant, self._accepted.environment
        people = self._people.written(tenant, environment, self._accepted.id)
        content["people"] = people or None
        if not any("sealed" in person for person in people):
            # Sealed texts can't be guessed. Without any, all that a leaf covers could be.
            content["salt"] = base64.urlsafe_b64encode(self._random(SALT_BYTES)).rstrip(b"=").decode()
        return {name: value for name, value in content.items() if value is not None}

    def _actor(self) -> dict[str, Any]:
        actor, mention = self._event.actor, self._accepted.mentions.actor
        written: dict[str, Any] = {
            "type": actor.type,
            "alias": self._profile.aliases.of(actor.type) if self._is_shown_by_alias else None,
            "user_type": actor.user_type,
            "roles": actor.roles,
        }
        if mention is not None:
            written["id"] = self._people.guid(mention)
            by = self._accepted.mentions.impersonator
            written["impersonator"] = None if by is None else self._person(by, ("username", "name", "email"))
        else:
            written |= {
                "client_id": actor.id,
                "username": actor.username,
                "name": actor.name,
                "email": actor.email,
            }
        return _present(written)

    def _target(self) -> dict[str, Any] | None:
        target, mentions = self._event.target, self._accepted.mentions
        if target is None:
            return None
        written = {"type": target.type, **self._place(target.id, mentions.target)}
        if mentions.target is not None:
            written |= self._person(mentions.target, ("username", "name"))
        elif target.name is not None:
            written["name"] = self._cast.label(target.name)
        if target.within is not None:
            written["within"] = {"type": target.within.type, **self._place(target.within.id, mentions.container)}
        return written

    def _person(self, mention: int, names: Sequence[str]) -> dict[str, Any]:
        """The GUID, and those of the names that differ from this person's names elsewhere in the event."""
        said = self._people.differing(mention)
        return {"id": self._people.guid(mention), **{name: said[name] for name in names if name in said}}

    def _place(self, text: str | None, mention: int | None) -> dict[str, Any]:
        """A target's id. If it is somebody's username or id, `person` is that person's GUID: the index key holds it."""
        if mention is not None:
            return {"id": self._people.guid(mention)}
        if text is None:
            return {}
        return _present({"id": self._cast.identifier(text), "person": self._people.guid_named(text)})

    def _params(self) -> dict[str, Any]:
        persons = self._accepted.mentions.params
        return {name: self._param(value, persons.get(name)) for name, value in (self._event.params or {}).items()}

    def _param(self, value: Any, person: int | list[int] | None) -> Any:
        if isinstance(value, ParameterObject):
            if isinstance(person, int):
                return {"user": self._people.whole(person, value.user)}
            return self._reference(EventReference(value.id or "", value.occurred_at or ""), "params.session")
        if isinstance(person, int):
            return self._people.whole(person, value)
        if isinstance(person, list):
            return [self._people.whole(each, text) for each, text in zip(person, value, strict=True)]
        if isinstance(value, list):
            return [self._cast.label(text) for text in value]
        return self._cast.label(value) if isinstance(value, str) else value

    def _details(self, params: dict[str, Any]) -> str | None:
        if self._event.details is not None:
            return self._cast.text(self._event.details)
        if self._accepted.wording:
            pieces = self._accepted.wording
            return "".join(self._cast.text(each) if isinstance(each, Said) else escape(each) for each in pieces)
        if self._accepted.variant is None:
            return None
        return "".join(
            [
                _shown(params[piece]) if place % 2 else escape(piece)
                for place, piece in enumerate(self._accepted.variant.pieces)
            ]
        )

    def _changes(self) -> list[dict[str, Any]] | None:
        if not self._event.changes:
            return None
        return [
            _present(
                {
                    "field": self._cast.text(change.field),
                    "from": self._changed(change.old),
                    "to": self._changed(change.new),
                }
            )
            for change in self._event.changes
        ]

    def _changed(self, value: Any) -> Any:
        if value is None or isinstance(value, bool):
            return value
        target = self._accepted.mentions.target
        if target is not None:
            # A change of a user belongs to that user, unless the value is somebody else: the manager, say.
            somebody = self._cast.token_for_whole(value) if isinstance(value, str) else None
            return somebody or self._people.about(target, value)
        return self._cast.label(value) if isinstance(value, str) else value

    def _context(self) -> dict[str, Any] | None:
        context = self._event.context
        if context is None:
            return None
        written = {
            "session_id": None if context.session_id is None else self._cast.identifier(context.session_id),
            "request_id": None if context.request_id is None else self._cast.identifier(context.request_id),
        }
        origin, actor = self._accepted.mentions.origin, self._accepted.mentions.actor
        if origin is None:
            written |= {"ip": context.ip, "user_agent": context.user_agent}
        elif (context.ip or context.user_agent) is not None:
            of = self._people.guid(origin)
            written["of"] = None if actor is not None and of == self._people.guid(actor) else of
        return _present(written) or None

    def _caused_by(self) -> str | None:
        caused_by = self._event.caused_by
        if caused_by is None:
            return None
        if isinstance(caused_by, EventReference):
            return self._reference(caused_by, "caused_by")
        return caused_by if FORM.fullmatch(caused_by) else self._cast.identifier(caused_by)

    def _reference(self, reference: EventReference, path: str) -> str:
        occurred_ms = read_time(reference.occurred_at, f"{path}.occurred_at")
        environment = self._settings.environment_key(self._accepted.environment)
        return derived_event_id(self._keys.event_id, environment, reference.id, occurred_ms)


def origin_of(activity: Activity, variant: Variant | None, actor_type: str) -> str:
    """`user` or `system`, as the variant says, else the activity, else the type of the actor."""
    origin = variant.origin if variant is not None and variant.origin is not None else activity.origin
    if origin != "any":
        return origin
    return "system" if actor_type == "system" else USER


def _shown(param: Any) -> str:
    """A parameter within a sentence. Its texts have been tokenised."""
    if isinstance(param, str):
        return param
    if isinstance(param, dict):
        return str(param["user"])
    if isinstance(param, list):
        return ", ".join(param)
    if isinstance(param, bool):
        return "true" if param else "false"
    return "none" if param is None else str(param)


def _present(written: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in written.items() if value is not None}
