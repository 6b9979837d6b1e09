"""An event's content: the one document that stands on its own, with nobody's name in it.

It holds what was sent and what the catalogue made of it at that moment; people stand in it as GUIDs and tokens, and
their fields sealed. Its canonical bytes (RFC 8785) are what is stored, hashed and proven. What is absent is left out.
"""

from typing import Any, NamedTuple

from daybook.catalogue import Activity, Profile, Variant
from daybook.clock import format_time
from daybook.decoding import read_time
from daybook.derivation import DeploymentKeys
from daybook.event_id import FORM, derived_identity, event_id
from daybook.identities import Person, Reference, folded
from daybook.mentions import USER, Mentions
from daybook.sealing import Place, event_key, seal
from daybook.tenants import TenantSettings
from daybook.tokens import Cast, Name, escape
from daybook.wire import EventReference, ParameterObject, SentEvent

FORMAT = 1

# The slots of a person's sealed list; append-only. Texts that differ from these follow from TEXTS on.
USERNAME, NAME, EMAIL, CLIENT_ID, ADDRESS, USER_AGENT, TEXTS = range(7)


class Judged(NamedTuple):
    """An event that the catalogue has accepted, with what is needed to write its content."""

    event: SentEvent
    id: str
    environment: str
    occurred_ms: int
    received_ms: int
    fingerprint: bytes
    activity: Activity
    variant: Variant | None
    mentions: Mentions


class _Sealed:
    """One person of the event: the fields to seal, of every mention that turned out to be the same person."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.declared = False
        self.fields: list[Any] = [None] * TEXTS

    def fill(self, slot: int, value: str | None) -> None:
        if value is not None and self.fields[slot] is None:
            self.fields[slot] = value

    def given(self) -> list[Any]:
        """The fields as they are sealed: none after the last there is."""
        length = len(self.fields)
        while length and self.fields[length - 1] is None:
            length -= 1
        return self.fields[:length]

    def note(self, value: Any) -> int:
        for slot in range(TEXTS, len(self.fields)):
            if self.fields[slot] == value and type(self.fields[slot]) is type(value):
                return slot
        self.fields.append(value)
        return len(self.fields) - 1


class ContentWriter:
    """Writes one event's content; also what of it the index keys need."""

    def __init__(
        self,
        judged: Judged,
        settings: TenantSettings,
        profile: Profile,
        keys: DeploymentKeys,
        people: dict[Reference, Person],
    ) -> None:
        self._judged = judged
        self._event = judged.event
        self._settings = settings
        self._profile = profile
        self._keys = keys
        self._sealed: list[_Sealed] = []
        self._place_of = self._gather(people)
        self.cast = self._make_cast()

    def guid(self, mention: int) -> str:
        return self._sealed[self._place_of[mention]].person.guid

    @property
    def goes_by_alias(self) -> bool:
        """Whether nobody's name or id tells the actor from others of its kind."""
        mention = self._judged.mentions.actor
        return mention is None or self._judged.mentions.all[mention].reference.address is not None

    def guid_named(self, text: str) -> str | None:
        """The person of whom the whole text is the username or the client's id."""
        for sealed in self._sealed:
            username, client_id = sealed.fields[USERNAME], sealed.fields[CLIENT_ID]
            if text == client_id or (username is not None and folded(text) == folded(username)):
                return sealed.person.guid
        return None

    def write(self) -> dict[str, Any]:
        event, activity, variant = self._event, self._judged.activity, self._judged.variant
        params = self._params()
        content: dict[str, Any] = {
            "v": FORMAT,
            "id": self._judged.id,
            "tenant": self._settings.tenant,
            "environment": self._judged.environment,
            "occurred_at": format_time(self._judged.occurred_ms),
            "activity": event.activity,
            "component": activity.component or None,
            "event": activity.event,
            "category": activity.category,
            "origin": origin_of(activity, variant, event.actor.type),
            "visibility": activity.visibility,
            "variant": variant.variant if variant is not None else event.variant,
            "status": event.status or "success",
            "client_id": None if event.id is None else self.cast.identifier(event.id),
            "actor": self._actor(),
            "source": None if event.source is None else {"type": event.source.type},
            "target": self._target(),
            "params": params or None,
            "details": self._details(params),
            "changes": self._changes(),
            "context": self._context(),
            "caused_by": self._caused_by(),
        }
        # Last: writing the texts above may have added to what must be sealed.
        content["people"] = [self._sealed_person(sealed) for sealed in self._sealed] or None
        return {name: value for name, value in content.items() if value is not None}

    def _gather(self, people: dict[Reference, Person]) -> list[int]:
        places: dict[str, int] = {}
        place_of = []
        for mention in self._judged.mentions.all:
            person = people[mention.reference]
            place = places.setdefault(person.guid, len(self._sealed))
            if place == len(self._sealed):
                self._sealed.append(_Sealed(person))
            sealed = self._sealed[place]
            sealed.declared |= mention.declared
            sealed.fill(USERNAME, mention.reference.username)
            sealed.fill(CLIENT_ID, mention.reference.client_id)
            sealed.fill(NAME, mention.name)
            sealed.fill(EMAIL, mention.email)
            place_of.append(place)
        actor, context = self._judged.mentions.actor, self._event.context
        if actor is not None and context is not None:
            self._sealed[place_of[actor]].fill(ADDRESS, context.ip)
            self._sealed[place_of[actor]].fill(USER_AGENT, context.user_agent)
        return place_of

    def _make_cast(self) -> Cast:
        return Cast(
            [
                Name(text, place, slot)
                for slot in (USERNAME, NAME, EMAIL, ADDRESS)
                for place, sealed in enumerate(self._sealed)
                if (text := sealed.fields[slot]) is not None
            ],
            [
                Name(text, place, CLIENT_ID)
                for place, sealed in enumerate(self._sealed)
                if (text := sealed.fields[CLIENT_ID]) is not None
            ],
            lambda place, value: self._sealed[place].note(value),
        )

    def _actor(self) -> dict[str, Any]:
        actor, mention = self._event.actor, self._judged.mentions.actor
        written: dict[str, Any] = {
            "type": actor.type,
            "alias": self._profile.aliases.of(actor.type) if self.goes_by_alias else None,
            "user_type": actor.user_type,
            "roles": actor.roles,
        }
        if mention is not None:
            written["id"] = self.guid(mention)
        else:
            written |= {
                "client_id": actor.id,
                "username": actor.username,
                "name": actor.name,
                "email": actor.email,
            }
        return _present(written)

    def _target(self) -> dict[str, Any] | None:
        target, mentions = self._event.target, self._judged.mentions
        if target is None:
            return None
        written = {"type": target.type, **self._place(target.id, mentions.target)}
        if mentions.target is None and target.name is not None:
            written["name"] = self.cast.label(target.name)
        if target.within is not None:
            written["within"] = {"type": target.within.type, **self._place(target.within.id, mentions.container)}
        return written

    def _place(self, text: str | None, mention: int | None) -> dict[str, Any]:
        """A target's id. `person` stands beside one that is somebody's username or id: its key holds the GUID."""
        if mention is not None:
            return {"id": self.guid(mention)}
        if text is None:
            return {}
        return _present({"id": self.cast.identifier(text), "person": self.guid_named(text)})

    def _params(self) -> dict[str, Any]:
        persons = self._judged.mentions.params
        return {name: self._param(value, persons.get(name)) for name, value in (self._event.params or {}).items()}

    def _param(self, value: Any, person: int | list[int] | None) -> Any:
        if isinstance(value, ParameterObject):
            if isinstance(person, int):
                return {"user": self.cast.whole(self._place_of[person], value.user)}
            return self._reference(EventReference(value.id or "", value.occurred_at or ""), "params.session")
        if isinstance(person, int):
            return self.cast.whole(self._place_of[person], value)
        if isinstance(person, list):
            return [self.cast.whole(self._place_of[each], text) for each, text in zip(person, value, strict=True)]
        if isinstance(value, list):
            return [self.cast.label(text) for text in value]
        return self.cast.label(value) if isinstance(value, str) else value

    def _details(self, params: dict[str, Any]) -> str | None:
        if self._event.details is not None:
            return self.cast.text(self._event.details)
        if self._judged.variant is None:
            return None
        return "".join(
            [
                _shown(params[piece]) if place % 2 else escape(piece)
                for place, piece in enumerate(self._judged.variant.pieces)
            ]
        )

    def _changes(self) -> list[dict[str, Any]] | None:
        if not self._event.changes:
            return None
        return [
            _present(
                {
                    "field": self.cast.text(change.field),
                    "from": self._changed(change.old),
                    "to": self._changed(change.new),
                }
            )
            for change in self._event.changes
        ]

    def _changed(self, value: Any) -> Any:
        if value is None or isinstance(value, bool):
            return value
        target = self._judged.mentions.target
        if target is not None:
            # What changes about a user is that user's own.
            return self.cast.whole(self._place_of[target], value)
        return self.cast.label(value) if isinstance(value, str) else value

    def _context(self) -> dict[str, Any] | None:
        context = self._event.context
        if context is None:
            return None
        written = {
            "session_id": None if context.session_id is None else self.cast.identifier(context.session_id),
            "request_id": None if context.request_id is None else self.cast.identifier(context.request_id),
        }
        if self._judged.mentions.actor is None:
            written |= {"ip": context.ip, "user_agent": context.user_agent}
        return _present(written) or None

    def _caused_by(self) -> str | None:
        caused_by = self._event.caused_by
        if caused_by is None:
            return None
        if isinstance(caused_by, EventReference):
            return self._reference(caused_by, "caused_by")
        return caused_by if FORM.fullmatch(caused_by) else self.cast.identifier(caused_by)

    def _reference(self, reference: EventReference, path: str) -> str:
        occurred_ms = read_time(reference.occurred_at, f"{path}.occurred_at")
        tenant, environment = self._settings.tenant, self._judged.environment
        return event_id(occurred_ms, derived_identity(self._keys.event_id, tenant, environment, reference.id))

    def _sealed_person(self, sealed: _Sealed) -> dict[str, Any]:
        place = Place(self._settings.tenant, self._judged.environment, self._judged.id, sealed.person.guid)
        fields = sealed.given()
        written: dict[str, Any] = {
            "id": sealed.person.guid,
            "sealed": seal(fields, event_key(sealed.person.key, place), place),
        }
        if sealed.declared:
            written["declared"] = True
        return written


def origin_of(activity: Activity, variant: Variant | None, actor_type: str) -> str:
    """`user` or `system`: the variant's, else the activity's, else the actor's."""
    origin = variant.origin if variant is not None and variant.origin is not None else activity.origin
    if origin != "any":
        return origin
    return "system" if actor_type == "system" else USER


def _shown(param: Any) -> str:
    """A parameter within a sentence; its texts are tokenised already."""
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
