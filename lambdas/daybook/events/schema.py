"""An event as senders write it: its fields and their sizes."""

import re
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from daybook.clock import Time
from daybook.text import DOTTED_SLUGS

LARGEST_INTEGER = 2**53 - 1

SLUG = re.compile(r"[a-z0-9-]+")
PARAMETER_NAME = re.compile(r"[a-z0-9_]+")

# msgspec checks lengths only: patterns in a union with lists corrupt memory when msgspec 0.22 frees the type (tried).
# The patterns here are for the schema; `decoding` checks them.


def _of(pattern: re.Pattern[str]) -> dict[str, str]:
    return {"pattern": f"^(?:{pattern.pattern})$"}


ActivityId = Annotated[str, Meta(min_length=1, max_length=128, extra_json_schema=_of(DOTTED_SLUGS))]
TargetType = Annotated[str, Meta(min_length=1, max_length=64, extra_json_schema=_of(SLUG))]
Text64 = Annotated[str, Meta(min_length=1, max_length=64)]
Text128 = Annotated[str, Meta(min_length=1, max_length=128)]
Text256 = Annotated[str, Meta(min_length=1, max_length=256)]
Text512 = Annotated[str, Meta(min_length=1, max_length=512)]
Text1024 = Annotated[str, Meta(min_length=1, max_length=1024)]
Text4000 = Annotated[str, Meta(min_length=1, max_length=4000)]
Details = Annotated[str, Meta(max_length=32 * 1024)]
ParameterName = Annotated[str, Meta(min_length=1, max_length=40, extra_json_schema=_of(PARAMETER_NAME))]
Integer = Annotated[int, Meta(ge=-LARGEST_INTEGER, le=LARGEST_INTEGER)]


class _Form(Struct, forbid_unknown_fields=True):
    pass


class Declared(_Form):
    """A person: a username or an id is needed."""

    id: Text128 | None = None
    username: Text256 | None = None
    name: Text256 | None = None
    email: Text256 | None = None


class Actor(_Form):
    """Who acted. A user needs a username or an id. `impersonator` is the person who really acted, in a user's name."""

    type: Literal["user", "system", "api", "operations", "unknown"]
    id: Text128 | None = None
    username: Text256 | None = None
    name: Text256 | None = None
    email: Text256 | None = None
    user_type: Text128 | None = None
    roles: Annotated[list[Text128], Meta(max_length=50)] | None = None
    impersonator: Declared | None = None


class Source(_Form):
    type: Text128


class Container(_Form):
    type: TargetType
    id: Text512


class Target(_Form):
    type: TargetType
    id: Text512 | None = None
    name: Text512 | None = None
    username: Text256 | None = None
    within: Container | None = None


class ParameterObject(_Form):
    """A person, `{"user": …}`, or another event by its sender's id, `{"id": …, "occurred_at": …}`."""

    user: Text256 | None = None
    id: Text128 | None = None
    occurred_at: Time | None = None


Parameter = Integer | bool | None | Text4000 | Annotated[list[Text4000], Meta(max_length=100)] | ParameterObject


class Change(_Form):
    field: Text128
    old: Text4000 | Integer | bool | None = msgspec.field(name="from", default=None)
    new: Text4000 | Integer | bool | None = msgspec.field(name="to", default=None)


class Context(_Form):
    ip: Text64 | None = None
    user_agent: Text1024 | None = None
    session_id: Text256 | None = None
    request_id: Text256 | None = None


class EventReference(_Form):
    id: Text128
    occurred_at: Time


class SentEvent(_Form):
    """An event as you send it. Null is the same as absent."""

    activity: ActivityId
    actor: Actor
    id: Text128 | None = None
    occurred_at: Time | None = None
    environment: Text64 | None = None
    variant: Text128 | None = None
    status: Literal["success", "failure"] | None = None
    source: Source | None = None
    target: Target | None = None
    params: Annotated[dict[ParameterName, Parameter], Meta(max_length=50)] | None = None
    details: Details | None = None
    people: Annotated[list[Declared], Meta(max_length=50)] | None = None
    changes: Annotated[list[Change], Meta(max_length=100)] | None = None
    context: Context | None = None
    caused_by: Text128 | EventReference | None = None
