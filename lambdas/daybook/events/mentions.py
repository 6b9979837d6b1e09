"""The people whom an event mentions: as actor or target, in parameters, or declared because free text names them."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from daybook.catalogue.aliases import USER, Aliases, looks_like_alias
from daybook.crypto.hkdf import length_prefixed, tag
from daybook.errors import FieldError
from daybook.events.rejected import Rejected
from daybook.events.schema import Declared, ParameterObject, SentEvent, Target
from daybook.people.identities import MAX_CLIENT_ID, MAX_NAME_BYTES, Reference, folded


class Mention(NamedTuple):
    """One person, as one place of the event names them."""

    reference: Reference
    name: str | None = None
    email: str | None = None
    declared: bool = False


class Mentions:
    """Who is mentioned where in one event. Each place holds the index of a mention in `all`."""

    def __init__(self, people: Sequence[Mention] = ()) -> None:
        self.all = list(people)
        self.actor: int | None = None
        self.origin: int | None = None
        """Whose the context's address and user agent are. None: nobody's, and they are stored in the clear."""
        self.target: int | None = None
        self.container: int | None = None
        self.params: dict[str, int | list[int]] = {}

    @classmethod
    def of(cls, event: SentEvent, person_params: frozenset[str], address_key: bytes) -> "Mentions":
        """`person_params` are the parameters that the catalogue types as people.

        Raises `Rejected` for a person without a username or id, and for a value that is not a username.
        """
        mentions = cls()
        mentions._mention_actor(event, address_key)
        for place, declared in enumerate(event.people or ()):
            mentions._mention_declared(declared, f"people[{place}].username")
        mentions._mention_params(event, person_params)
        # This comes last: only another mention tells whether a target's id is a username.
        if event.target is not None:
            mentions._mention_target(event.target)
        return mentions

    def check(self, aliases: Aliases, event: SentEvent) -> None:
        """Raises `Rejected` for a username or id that looks like an alias, and for a name too long for a key."""
        for mention in self.all:
            client_id = mention.reference.client_id
            # A person without a username is shown by the id.
            if client_id is not None and looks_like_alias(client_id, aliases):
                raise Rejected(
                    "alias_username", FieldError("actor.id", "could be mistaken for an actor that is not a person")
                )
        usernames = [mention.reference.username for mention in self.all]
        for username in (event.actor.username, *usernames):
            if username is None:
                continue
            if looks_like_alias(username, aliases):
                raise Rejected(
                    "alias_username",
                    FieldError(_path_of(event, username), "could be mistaken for an actor that is not a person"),
                )
            if len(folded(username).encode()) > MAX_NAME_BYTES:
                raise Rejected(
                    "invalid_length", FieldError(_path_of(event, username), f"must have at most {MAX_NAME_BYTES} bytes")
                )

    def _mention_actor(self, event: SentEvent, address_key: bytes) -> None:
        actor = event.actor
        if actor.type == USER and actor.id is None and actor.username is None:
            raise Rejected("missing_field", FieldError("actor.username", "is required for a user without an id"))
        if actor.type not in (USER, "unknown"):
            return
        context = event.context
        origin = None if context is None else context.ip or context.user_agent
        if actor.id is not None or actor.username is not None:
            reference = Reference(actor.id, actor.username)
        elif actor.name is not None or actor.email is not None:
            message = "is required beside a name or an e-mail, unless there is an id"
            raise Rejected("missing_field", FieldError("actor.username", message))
        elif origin is not None:
            reference = known_by(origin, address_key)
        else:
            return
        self.actor = self.origin = self._add(Mention(reference, actor.name, actor.email))

    def _mention_declared(self, declared: Declared, path: str) -> None:
        if declared.id is None and declared.username is None:
            raise Rejected("missing_field", FieldError(path, "is required for a person without an id"))
        self._add(Mention(Reference(declared.id, declared.username), declared.name, declared.email, declared=True))

    def _mention_params(self, event: SentEvent, typed: frozenset[str]) -> None:
        for name, value in (event.params or {}).items():
            if isinstance(value, ParameterObject):
                if value.user is not None:
                    self.params[name] = self._named(f"params.{name}", value.user)
            elif name in typed and value is not None:
                self.params[name] = (
                    [self._named(f"params.{name}", each) for each in value]
                    if isinstance(value, list)
                    else self._named(f"params.{name}", value)
                )

    def _named(self, path: str, username: Any) -> int:
        if not isinstance(username, str):
            raise Rejected("invalid_type", FieldError(path, "must be a username"))
        if len(username) > 256:
            raise Rejected("invalid_length", FieldError(path, "must have at most 256 characters: it is a username"))
        return self._add(Mention(Reference(username=username)))

    def _mention_target(self, target: Target) -> None:
        if target.type != USER:
            if target.username is not None:
                raise Rejected(
                    "invalid_value", FieldError("target.username", "is allowed only for a target of type user")
                )
        elif target.id is None and target.username is None:
            raise Rejected("missing_field", FieldError("target.username", "is required for a user without an id"))
        else:
            self.target = self._referred("target.id", target.id, target.username, target.name)
        if target.within is not None and target.within.type == USER:
            self.container = self._referred("target.within.id", target.within.id, None, None)

    def _referred(self, path: str, client_id: str | None, username: str | None, name: str | None) -> int:
        """A user as target. Its id may be the username or the id of somebody whom the event mentions elsewhere."""
        if client_id is not None and len(client_id) > MAX_CLIENT_ID:
            message = f"must have at most {MAX_CLIENT_ID} characters: it is a user's id"
            raise Rejected("invalid_length", FieldError(path, message))
        known = None if client_id is None or username is not None else self._known_as(client_id)
        return self._add(Mention(known or Reference(client_id, username), name))

    def _known_as(self, text: str) -> Reference | None:
        name = folded(text)
        for mention in self.all:
            reference = mention.reference
            if reference.client_id == text or (reference.username is not None and folded(reference.username) == name):
                return reference
        return None

    def _add(self, mention: Mention) -> int:
        self.all.append(mention)
        return len(self.all) - 1


def known_by(origin: str, address_key: bytes) -> Reference:
    """Somebody of whom nothing else is known: one person for each address, or each user agent without an address."""
    return Reference(address=tag(address_key, length_prefixed("address", origin)).hex())


def _path_of(event: SentEvent, username: str) -> str:
    return next((path for path, value in _usernames(event) if value == username), "params")


def _usernames(event: SentEvent) -> Iterator[tuple[str, str | None]]:
    yield "actor.username", event.actor.username
    if event.target is not None:
        yield "target.username", event.target.username
    for index, declared in enumerate(event.people or ()):
        yield f"people[{index}].username", declared.username
    for name, value in (event.params or {}).items():
        yield (
            f"params.{name}",
            value.user if isinstance(value, ParameterObject) else value if isinstance(value, str) else None,
        )
