"""An event as senders write it: its fields and their sizes.

`msgspec` checks types and lengths by these types, and `daybook.shape` names faults and adjusts texts by them. Patterns
are marks for the second one, and `decoding` checks them: patterns in a union with lists corrupt memory when msgspec
0.22 frees the type (tried).
"""

import re
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from daybook.clock import Time
from daybook.documents import LARGEST_INTEGER
from daybook.text import ACTIVITY, TYPE

PARAMETER_NAME = re.compile(r"[a-z0-9_]+")


def _of_form(most: int, form: re.Pattern[str], must: str) -> Meta:
    schema = {"pattern": f"^(?:{form.pattern})$"}
    return Meta(min_length=1, max_length=most, extra={"form": (form, must)}, extra_json_schema=schema)


def _id(most: int) -> Meta:
    """An id: an integer is its decimal text."""
    return Meta(min_length=1, max_length=most, extra={"integer": True}, extra_json_schema={"x-integer": True})


def _chosen(most: int, least: int = 1, **marks: Any) -> Meta:
    """A text that an end user can choose. It is adjusted and never refused, or they could choose not to be logged.

    Texts of which an event can hold many or large ones are marked `bulk`: see `decoding`. Names and addresses tell
    people apart, and keep their own limits.
    """
    schema = {"x-cut": True, "x-blank": "blank" in marks}
    return Meta(min_length=least, max_length=most, extra={"cut": True, **marks}, extra_json_schema=schema)


ActivityId = Annotated[
    str,
    _of_form(128, ACTIVITY, "must be of A-Z, a-z, 0-9 and . _ : -, beginning and ending with a letter or a digit"),
]
TypeName = Annotated[str, _of_form(64, TYPE, "must be of A-Z, a-z, 0-9 and . _ -")]
ParameterName = Annotated[str, _of_form(40, PARAMETER_NAME, "names of parameters are of a-z, 0-9 and _")]
Text64 = Annotated[str, Meta(min_length=1, max_length=64)]
Text128 = Annotated[str, Meta(min_length=1, max_length=128)]
Id128 = Annotated[str, _id(128)]
Id256 = Annotated[str, _id(256)]
Id512 = Annotated[str, _id(512)]
Chosen256 = Annotated[str, _chosen(256)]
Chosen512 = Annotated[str, _chosen(512)]
ParameterText = Annotated[str, _chosen(4000, bulk="parameter")]
ListedText = Annotated[str, _chosen(4000, bulk="text")]
Address = Annotated[str, _chosen(256, blank=True)]
UserAgent = Annotated[str, _chosen(1024, blank=True)]
Details = Annotated[str, _chosen(32 * 1024, 0, empty=True, bulk="text")]
ChangedText = Annotated[str, _chosen(4000, 0, empty=True, bulk="text")]
Integer = Annotated[int, Meta(ge=-LARGEST_INTEGER, le=LARGEST_INTEGER)]


class _Form(Struct, forbid_unknown_fields=True):
    pass


class Declared(_Form):
    """A person: a username or an id is needed."""

    id: Id128 | None = None
    username: Chosen256 | None = None
    name: Chosen256 | None = None
    email: Chosen256 | None = None


class Actor(_Form):
    """Who acted. A user needs a username or an id. `impersonator` is the person who really acted, in a user's name."""

    type: Literal["user", "system", "api", "operations", "unknown"]
    id: Id128 | None = None
    username: Chosen256 | None = None
    name: Chosen256 | None = None
    email: Chosen256 | None = None
    user_type: Text128 | None = None
    roles: Annotated[list[Text128], Meta(max_length=50)] | None = None
    impersonator: Declared | None = None


class Source(_Form):
    type: Text128


class Container(_Form):
    type: TypeName
    id: Id512


class Target(_Form):
    type: TypeName
    id: Id512 | None = None
    name: Chosen512 | None = None
    username: Chosen256 | None = None
    within: Container | None = None


class ParameterObject(_Form):
    """A person, `{"user": …}`, or another event by its sender's id, `{"id": …, "occurred_at": …}`."""

    user: Chosen256 | None = None
    id: Id128 | None = None
    occurred_at: Time | None = None


Parameter = Integer | bool | None | ParameterText | Annotated[list[ListedText], Meta(max_length=100)] | ParameterObject


class Change(_Form):
    field: Text128
    old: ChangedText | Integer | bool | None = msgspec.field(name="from", default=None)
    new: ChangedText | Integer | bool | None = msgspec.field(name="to", default=None)


class Context(_Form):
    ip: Address | None = None
    user_agent: UserAgent | None = None
    session_id: Id256 | None = None
    request_id: Id256 | None = None


class EventReference(_Form):
    id: Id128
    occurred_at: Time


class SentEvent(_Form):
    """An event as you send it. Null, `[]` and `{}` are the same as absent."""

    activity: ActivityId
    actor: Actor
    id: Id128 | None = None
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
