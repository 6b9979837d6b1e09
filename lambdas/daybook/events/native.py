"""The native event: what was sent, completed, with null for what is absent. `reading.opened` makes it."""

from typing import Literal, NotRequired, TypedDict

from daybook.clock import Time

ActorType = Literal["user", "system", "api", "operations", "unknown"]
Scalar = str | int | bool | None


class NativePerson(TypedDict):
    """A person. Of a forgotten one `username` is the GUID, and the other fields are null."""

    id: str
    """The person's GUID: it stays the same when names change."""
    client_id: str | None
    """Your own id of the person."""
    username: str | None
    name: str | None
    email: str | None
    forgotten: bool


class NativeActor(TypedDict):
    type: ActorType
    id: str | None
    """The GUID of a user; null for other actors."""
    client_id: str | None
    """Your own id of the actor."""
    username: str | None
    """The username, or the alias that the profile shows for such an actor."""
    name: str | None
    email: str | None
    forgotten: bool
    """Whether the user was forgotten: `username` is then the GUID."""
    user_type: str | None
    roles: list[str] | None
    impersonator: NativePerson | None
    """The person who really acted, in the user's name. The address and the user agent are this person's."""


class NativeSender(TypedDict):
    credential: str
    """The id of the API key that sent the event, or the GUID of a caller with a token."""


class NativeSource(TypedDict):
    type: str


class NativeContainer(TypedDict):
    type: str
    id: str


class NativeTarget(TypedDict):
    """What the event is about. The last four fields are a user's alone."""

    type: str
    id: str | None
    name: str | None
    within: NativeContainer | None
    username: NotRequired[str | None]
    email: NotRequired[str | None]
    client_id: NotRequired[str | None]
    forgotten: NotRequired[bool]


NativeChange = TypedDict("NativeChange", {"field": str, "from": Scalar, "to": Scalar})


class NativeContext(TypedDict):
    ip: str | None
    user_agent: str | None
    session_id: str | None
    request_id: str | None


class NativeEvent(TypedDict):
    """An event as it was sent, completed by Daybook. Absent things are null, not missing."""

    id: str
    """Daybook's id. Ids sort by the time of the event."""
    client_id: str | None
    """The id that the sender gave."""
    sender: NativeSender | None
    """Null for Daybook's own events: their actor is the caller."""
    tenant: str
    environment: str
    occurred_at: Time
    received_at: Time
    activity: str
    component: str | None
    event: str
    category: str
    variant: str | None
    origin: Literal["user", "system", "any"]
    status: Literal["success", "failure"]
    actor: NativeActor
    source: NativeSource | None
    target: NativeTarget | None
    params: dict[str, Scalar | list[str] | dict[str, str]] | None
    details: str | None
    people: list[NativePerson] | None
    changes: list[NativeChange] | None
    context: NativeContext
    caused_by: str | None
    """Daybook's id of another event."""
    adjusted: list[str] | None
    """The paths of texts that were cut, or in which characters were replaced, so that the event could be stored."""
