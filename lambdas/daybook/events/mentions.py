"""The people whom an event mentions: as actor, impersonator or target, in parameters, or declared for its free text."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from daybook.addresses import canonical_address
from daybook.catalogue.aliases import USER, is_user
from daybook.crypto.hkdf import length_prefixed, tag
from daybook.errors import FieldError
from daybook.events.rejected import Rejected
from daybook.events.schema import ParameterObject, SentEvent, Target
from daybook.http.caller import User
from daybook.people.identities import Reference
from daybook.text import composed, folded


class Mention(NamedTuple):
    """One person, as one place of the event names them."""

    reference: Reference
    name: str | None = None
    email: str | None = None
    declared: bool = False
    uncut: Mapping[str, str] = MappingProxyType({})
    """Of `username`, `name` and `email`: the whole text of those that were cut."""


class Mentions:
    """Who is mentioned where in one event. Each place holds the index of a mention in `all`."""

    def __init__(self, people: Sequence[Mention] = ()) -> None:
        self.all = list(people)
        self.faults: list[Rejected] = []
        self.actor: int | None = None
        self.impersonator: int | None = None
        self.origin: int | None = None
        """Whose the context's address and user agent are. None: nobody's, and they are stored in the clear."""
        self.target: int | None = None
        self.container: int | None = None
        self.params: dict[str, int | list[int]] = {}
        self._uncut: Mapping[str, str] = {}

    @classmethod
    def of(
        cls, event: SentEvent, person_params: frozenset[str], address_key: bytes, uncut: Mapping[str, str]
    ) -> "Mentions":
        """`person_params` are the parameters that the catalogue types as people. `uncut`: see `Received`.

        `faults` has a `Rejected` for each value in them that is not a username.
        """
        mentions = cls()
        mentions._uncut = uncut
        mentions._mention_actor(event, address_key)
        for place, person in enumerate(event.people or ()):
            mentions._add(
                Mention(Reference(person.id, person.username), person.name, person.email, declared=True),
                f"people[{place}]",
            )
        mentions._mention_params(event, person_params)
        # This comes last: only another mention tells whether a target's id is a username.
        if event.target is not None:
            mentions._mention_target(event.target)
        return mentions

    def _mention_actor(self, event: SentEvent, address_key: bytes) -> None:
        actor = event.actor
        if actor.type not in (USER, "unknown"):
            return
        context = event.context
        reference = None
        if actor.id is not None or actor.username is not None:
            reference = Reference(actor.id, actor.username)
        elif context is not None:
            reference = known_by(context.ip, context.user_agent, address_key)
        if reference is None:
            return
        self.actor = self.origin = self._add(Mention(reference, actor.name, actor.email), "actor")
        if actor.impersonator is not None:
            by = actor.impersonator
            mention = Mention(Reference(by.id, by.username), by.name, by.email)
            self.impersonator = self.origin = self._add(mention, "actor.impersonator")

    def _mention_params(self, event: SentEvent, typed: frozenset[str]) -> None:
        for name, value in (event.params or {}).items():
            if isinstance(value, ParameterObject):
                if value.user is not None:
                    self.params[name] = self._named(value.user, f"params.{name}.user")
            elif name in typed:
                if isinstance(value, str):
                    self.params[name] = self._named(value, f"params.{name}")
                elif isinstance(value, list):
                    self.params[name] = [
                        self._named(each, f"params.{name}[{place}]") for place, each in enumerate(value)
                    ]
                elif value is not None:
                    self.faults.append(Rejected("invalid_type", FieldError(f"params.{name}", "must be a username")))

    def _named(self, username: str, path: str) -> int:
        uncut = {"username": self._uncut[path]} if path in self._uncut else {}
        return self._add(Mention(Reference(username=username), uncut=uncut))

    def _mention_target(self, target: Target) -> None:
        if is_user(target.type):
            self.target = self._referred("target", target.id, target.username, target.name)
        if target.within is not None and is_user(target.within.type):
            self.container = self._referred("target.within", target.within.id, None, None)

    def _referred(self, path: str, client_id: str | None, username: str | None, name: str | None) -> int:
        """A user as target. Its id may be the username or the id of somebody whom the event mentions elsewhere."""
        known = None if client_id is None or username is not None else self._known_as(client_id)
        return self._add(Mention(known or Reference(client_id, username), name), path)

    def _known_as(self, text: str) -> Reference | None:
        name, identifier = folded(text), composed(text)
        for mention in self.all:
            client_id, username = mention.reference.client_id, mention.reference.username
            if client_id is not None and composed(client_id) == identifier:
                return mention.reference
            if username is not None and folded(username) == name:
                return mention.reference
        return None

    def _add(self, mention: Mention, path: str = "") -> int:
        """`path` is where the mention's own fields are."""
        if self._uncut and path:
            uncut = {field: self._uncut.get(f"{path}.{field}", "") for field in ("username", "name", "email")}
            mention = mention._replace(uncut={field: text for field, text in uncut.items() if text})
        self.all.append(mention)
        return len(self.all) - 1


def known_by_token(user: User, address_key: bytes) -> Reference:
    """Who calls with a token.

    Without the username: at many issuers users choose it, and would be bound to the person who has that name already.
    """
    return Reference(caller=tag(address_key, length_prefixed("oidc", user.issuer, user.subject)).hex())


def known_by(ip: str | None, user_agent: str | None, address_key: bytes) -> Reference | None:
    """Somebody of whom nothing else is known: one person for each address, or each user agent without an address."""
    if ip:
        return Reference(address=tag(address_key, length_prefixed("address", canonical_address(ip))).hex())
    if user_agent:
        return Reference(address=tag(address_key, length_prefixed("agent", composed(user_agent))).hex())
    return None
