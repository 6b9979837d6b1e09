"""Errors of the domain, which does not know HTTP. `http.serve` maps them to answers."""

from msgspec import Struct


class UnknownTenant(LookupError):  # noqa: N818  a fact, not a failure
    """There is no such tenant."""


class TenantTaken(LookupError):  # noqa: N818  a fact, not a failure
    """A tenant of this name exists already."""


class Contended(Exception):  # noqa: N818  a fact, not a failure
    """Concurrent changes of the same rows won every try. Nothing was changed; trying again may succeed."""


ANSWER_SECONDS = 6.5
"""Time of a request that is reserved for the work after the last try; a call without an answer takes 6."""


class Throttled(Exception):  # noqa: N818  a state of the store
    """The store throttled or did not answer. Trying again may succeed."""


class UnknownFormat(Exception):  # noqa: N818  a fact, not a failure
    """A stored event has a format that this release cannot read. A newer release wrote it."""


class TooManyPeople(Exception):  # noqa: N818  a fact about the question
    """More than 64 people have or had one name: a question about it would mean too many."""


class UnknownGroup(LookupError):  # noqa: N818  a fact, not a failure
    """There is no group of this name, or this version of it no longer exists."""


class UnknownSavedView(LookupError):  # noqa: N818  a fact, not a failure
    """The caller sees no saved view of this name."""


class UnknownKey(LookupError):  # noqa: N818  a fact, not a failure
    """The tenant has no such key, or it was revoked."""


class KeyExpired(Exception):  # noqa: N818  a fact, not a failure
    """The key's end has passed, so no key may take its place."""


class KeyReplaced(Exception):  # noqa: N818  a fact, not a failure
    """Another key has taken this one's place already."""


class TooManyKeys(Exception):  # noqa: N818  a fact, not a failure
    """The owner has as many keys as it may have."""


class FieldError(Struct, frozen=True):
    """The fault of one field. `path` is written as in `actor.username` or `changes[0].from`."""

    path: str
    message: str
