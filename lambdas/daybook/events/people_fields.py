"""The people of one event, each with everything that the event says about them, which is sealed."""

from collections.abc import Callable, Sequence
from typing import Any

from daybook.crypto.sealing import Place, event_key, seal
from daybook.events.mentions import Mention
from daybook.events.schema import Context
from daybook.people.identities import Person
from daybook.people.tokens import Cast, escape, token
from daybook.tenant import Tenant
from daybook.text import composed, folded

# The slots of a person's sealed list; append-only. Other texts of the person follow from slot TEXTS on.
USERNAME, NAME, EMAIL, CLIENT_ID, ADDRESS, USER_AGENT, TEXTS = range(7)

_FIELDS = {USERNAME: "username", NAME: "name", EMAIL: "email", CLIENT_ID: "id"}


class _Sealed:
    def __init__(self, person: Person) -> None:
        self.person = person
        self.fields: list[Any] = [None] * TEXTS
        self.declared: list[int] = []
        self.protected: list[Any] = []
        """The fields as they are sealed: other people's names in them are tokens."""
        self.free: set[int] = set()
        """The slots of free texts about the person."""
        self._noted: dict[tuple[type, Any, bool], int] = {}

    def note(self, value: Any, *, free: bool = False) -> int:
        slot = self._noted.setdefault((type(value), value, free), len(self.fields))
        if slot == len(self.fields):
            self.fields.append(value)
            if free:
                self.free.add(slot)
        return slot

    def given(self) -> list[Any]:
        """The fields as they are sealed, without empty ones at the end."""
        length = len(self.protected)
        while length and self.protected[length - 1] is None:
            length -= 1
        return self.protected[:length]


class SealedPeople:
    """`people` says who each mention is; `origin` is the mention to whom the context's address and user agent belong.

    Nothing is sealed of a forgotten person. Only the tokens in the texts tell where the person was named.
    """

    def __init__(
        self,
        mentions: Sequence[Mention],
        origin: int | None,
        context: Context | None,
        people: Sequence[Person],
    ) -> None:
        self._mentions = mentions
        self._sealed: list[_Sealed] = []
        self._whose: dict[str, _Sealed] = {}
        self._named: dict[str, _Sealed] = {}
        self.cast = Cast(lambda place, value: self._sealed[place].note(value))
        places: dict[str, int] = {}
        self._places = [
            self._gather(number, mention, person, places)
            for number, (mention, person) in enumerate(zip(mentions, people, strict=True))
        ]
        if origin is not None and context is not None:
            place = self._places[origin]
            self._fill(place, ADDRESS, context.ip, self.cast.add_trace)
            self._fill(place, USER_AGENT, context.user_agent, self.cast.add_trace)

    def guid(self, mention: int) -> str:
        return self._sealed[self._places[mention]].person.guid

    def guid_named(self, text: str) -> str | None:
        """The person whose username or client id the whole text is."""
        sealed = self._whose.get(composed(text)) or self._named.get(folded(text))
        return None if sealed is None else sealed.person.guid

    def whole(self, mention: int, value: Any) -> str:
        """A token for a value that belongs to this person."""
        return self.cast.whole(self._places[mention], value)

    def about(self, mention: int, value: Any) -> str:
        """A token for a value that says something about this person. Other people's names in it are tokens, too."""
        place = self._places[mention]
        return token(place, self._sealed[place].note(value, free=True))

    def differing(self, mention: int) -> dict[str, str]:
        """Tokens for names of this mention that differ from the person's fields, by field."""
        place = self._places[mention]
        fields = self._sealed[place].fields
        return {
            _FIELDS[slot]: self.cast.whole(place, value)
            for slot, value in _given(self._mentions[mention])
            if fields[slot] != value
        }

    def written(self, tenant: Tenant, environment: str, event_id: str) -> list[dict[str, Any]]:
        """The people as the content lists them, in the cast's order. Seals what has been noted so far."""
        self._protect()
        return [
            self._written(sealed, Place(tenant, environment, event_id, sealed.person.guid)) for sealed in self._sealed
        ]

    def _gather(self, number: int, mention: Mention, person: Person, places: dict[str, int]) -> int:
        place = places.setdefault(person.guid, len(self._sealed))
        if place == len(self._sealed):
            self._sealed.append(_Sealed(person))
        sealed = self._sealed[place]
        client_id, username = mention.reference[:2]
        self._fill(place, USERNAME, username, self.cast.add_name)
        self._fill(place, NAME, mention.name, self.cast.add_full_name)
        self._fill(place, EMAIL, mention.email, self.cast.add_email)
        self._fill(place, CLIENT_ID, client_id, self.cast.add_id)
        if client_id is not None:
            self._whose.setdefault(composed(client_id), sealed)
        if username is not None:
            self._named.setdefault(folded(username), sealed)
        for field, text in mention.uncut.items():
            cut = {"username": username, "name": mention.name, "email": mention.email}[field] or ""
            self.cast.add_rest(cut, text, place, is_full_name=field == "name")
        if mention.declared:
            sealed.declared.append(number)
        return place

    def _fill(self, place: int, slot: int, value: str | None, add: Callable[[str, int, int], None]) -> None:
        """Sets the field. If it holds another value already, this value goes to the other texts."""
        fields = self._sealed[place].fields
        if value is None or fields[slot] == value:
            return
        if fields[slot] is None:
            fields[slot] = value
            add(value, place, slot)
        else:
            add(value, place, self._sealed[place].note(value))

    def _protect(self) -> None:
        """Fills `protected`. A token that this makes may add to the fields of somebody else, which are done then."""
        done = False
        while not done:
            done = True
            for place, sealed in enumerate(self._sealed):
                first, values = len(sealed.protected), sealed.fields[len(sealed.protected) :]
                if not values:
                    continue
                done = False
                # The first fields are texts or absent. Most people have no others, and few texts hold the character.
                if first == 0 and "~" in "".join(filter(None, values[:TEXTS])):
                    values[:TEXTS] = [each and escape(each) for each in values[:TEXTS]]
                sealed.protected += values
                if first == 0 and (name := sealed.fields[NAME]) is not None:
                    sealed.protected[NAME] = self._protected(place, NAME, name)
                for slot in range(max(first, TEXTS), len(sealed.protected)):
                    if isinstance(value := sealed.fields[slot], str):
                        sealed.protected[slot] = self._protected(place, slot, value)

    def _protected(self, place: int, slot: int, text: str) -> str:
        if slot in self._sealed[place].free:
            return self.cast.about(place, text)
        # A further text of the person is a name in another case, or a second name.
        if slot == NAME or self.cast.is_full_name(text):
            return self.cast.full_name(place, text)
        return escape(text)

    def _written(self, sealed: _Sealed, place: Place) -> dict[str, Any]:
        written: dict[str, Any] = {"id": sealed.person.guid}
        if sealed.declared:
            otherwise = [self.differing(mention) for mention in sealed.declared]
            # True is the usual case: declared once, with the person's own fields. Else: what each declaration changes.
            written["declared"] = True if otherwise == [{}] else otherwise
        if sealed.person.key is not None:
            written["sealed"] = seal(sealed.given(), event_key(sealed.person.key, place), place)
        return written


def _given(mention: Mention) -> list[tuple[int, str]]:
    reference = mention.reference
    fields = (
        (USERNAME, reference.username),
        (NAME, mention.name),
        (EMAIL, mention.email),
        (CLIENT_ID, reference.client_id),
    )
    return [(slot, value) for slot, value in fields if value is not None]
