"""What the domain reports without knowing of HTTP; `http.serve` maps these errors to answers."""

from typing import NamedTuple


class UnknownTenant(LookupError):  # noqa: N818  a fact, not a failure
    """There is no such tenant."""


class TenantTaken(LookupError):  # noqa: N818  a fact, not a failure
    """There is a tenant of this name already."""


class Contended(Exception):  # noqa: N818  a fact, not a failure
    """So many changed the same settings at once that this change did not get its turn; it has changed nothing."""


ANSWER_SECONDS = 6.5
"""Of a request, left for what is still to do after the last try: one that is not answered takes 6."""


class Throttled(Exception):  # noqa: N818  a state of the store
    """The store answered too little for the moment; trying again will do."""


class UnknownGroup(LookupError):  # noqa: N818  a fact, not a failure
    """There is no group of this name, or none of this version any more."""


class UnknownKey(LookupError):  # noqa: N818  a fact, not a failure
    """The tenant has no such key, or no longer."""


class FieldError(NamedTuple):
    """What is wrong with one field; `path` as in `actor.username` or `changes[0].from`."""

    path: str
    message: str
