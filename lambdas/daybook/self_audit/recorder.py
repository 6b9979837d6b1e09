"""The log of the log: what is done with Daybook leaves events `audit-log.…` in the tenant's own log.

They follow the same rules about people as every other event: whom a filter names is sealed in them, and so are the
caller's address and user agent. Rules for senders do not apply to them, since nothing may keep them out of the log.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from daybook.access.roles import OPERATIONS
from daybook.catalogue.profile import OWN_ACTIVITIES
from daybook.clock import Clock
from daybook.crypto.hkdf import length_prefixed, tag
from daybook.crypto.keys import DeploymentKeys, TenantKeys
from daybook.errors import Contended, Throttled
from daybook.events.item import partition_of
from daybook.events.mentions import Mention, Mentions, known_by, known_by_token
from daybook.events.schema import Actor, Context, SentEvent
from daybook.events.store import Append, EventStore
from daybook.http.caller import Caller
from daybook.http.problem import Problem
from daybook.http.request import Request
from daybook.ids import IDENTITY_BYTES, event_id, identity_of, lowest_id
from daybook.people.identities import MAX_CLIENT_ID, Person, Reference
from daybook.self_audit.callers import Callers
from daybook.self_audit.own_events import Visibility, Writing, stored_form
from daybook.tenant import EnvironmentKey
from daybook.tenants.settings import TenantSettings
from daybook.text import UNCLEAN, UNCLEAN_IN_LINE

_MAX_TEXT = 4_000
_MAX_LIST = 100
_MAX_ADDRESS = 64
_MAX_LABEL = 256
_MAX_NAME = 256
_MAX_AGENT = 1_024
_MAX_REQUEST_ID = 256
_MAX_ASKED = 10_000

_LOOKED_AT = 500
"""Records that one look for an earlier one reads: 40 read units at most."""


class AuditAction(NamedTuple):
    """What was done: an own activity, its variant and parameters, and the people whom these name."""

    activity: str
    params: Mapping[str, Any]
    variant: str | None = None
    people: Mapping[str, Sequence[Person]] = {}
    """Whom a text in `params` names: several people may have had the name."""
    visibility: Visibility = None
    """Who alone may read the record: those who alone may read what it tells of. None: as the activity says."""
    wording: Sequence[str] = ()
    """The details in pieces, in place of the activity's own wording. Whom `people` name is sealed in those that are
    `Said`.
    """

    def about(self, content: Mapping[str, Any]) -> "AuditAction":
        """The record of this on one event: whoever may not read the event may not read the record of it either."""
        return self._replace(visibility=content.get("visibility"))


NewestIds = Callable[[str, str, int], Sequence[str]]
"""In a partition of the index of activities the ids from one on, the newest so many. Raises `Throttled`."""


class Recorder:
    def __init__(  # noqa: PLR0913, PLR0917  what it writes with
        self,
        events: EventStore,
        newest_ids: NewestIds,
        callers: Callers,
        keys: DeploymentKeys,
        clock: Clock,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._events = events
        self._newest_ids = newest_ids
        self._callers = callers
        self._keys = keys
        self._clock = clock
        self._random = random_bytes
        self._asked: set[bytes] = set()
        """The identities, in their ids, of what `record_once` is known to have recorded."""

    def record_once(  # noqa: PLR0913  what is recorded, and how often
        self,
        settings: TenantSettings,
        environment: str,
        request: Request,
        action: AuditAction,
        *,
        question: Sequence[str],
        period_ms: int,
    ) -> None:
        """Writes the event once in each period for each caller and question, at the time of the first call.

        Another instance's record is found in an index that follows within about a second, among the newest records. So
        calls at the same moment may be recorded each, and so may a question that comes again after `_LOOKED_AT` others.
        Raises `Problem` 503.
        """
        now_ms = self._clock()
        began_ms = now_ms - now_ms % period_ms
        # Keyed, because a question may hold names, which others could confirm by guessing.
        key = self._keys.of(settings.code, settings.secret).index
        asked = (str(began_ms), environment, request.caller.identity, action.activity, *question)
        identity = tag(key, length_prefixed("asked", *asked))[:IDENTITY_BYTES]
        if identity in self._asked:
            return
        identifier = event_id(now_ms, identity)
        home = partition_of(settings, environment, identifier, now_ms)
        of_activity = f"{home}#{OWN_ACTIVITIES}{action.activity}"
        try:
            known = self._newest_ids(of_activity, lowest_id(began_ms), _LOOKED_AT)
        except Throttled:
            raise _not_recorded() from None
        if identity not in map(identity_of, known):
            self.record(settings, environment, request, action, identifier)
        if len(self._asked) >= _MAX_ASKED:
            self._asked.clear()
        self._asked.add(identity)

    def record(
        self,
        settings: TenantSettings,
        environment: str,
        request: Request,
        action: AuditAction,
        identifier: str | None = None,
    ) -> str:
        """Writes the event, durable on return, and gives its id. Raises `Problem` 503 where it can't be written.

        `identifier`: the event's id, which says when it occurred; where there is an event of this id, it stays. None: a
        new one, of now.
        """
        now_ms = self._clock()
        identifier = identifier or event_id(now_ms, self._random(IDENTITY_BYTES))
        event = _event(request, action)
        keys = self._keys.of(settings.code, settings.secret)
        try:
            cast = self._cast(
                settings.environment_key(environment), keys, action, _caller(request.caller, event, keys), now_ms
            )
        except (Contended, Throttled):
            raise _not_recorded() from None
        writing = Writing(
            settings, environment, identifier, now_ms, self._random, keys, cast.mentions, cast.people, action.visibility
        )._replace(wording=[type(piece)(UNCLEAN.sub(" ", piece)) for piece in action.wording])
        form = stored_form(event, writing)
        appended = self._events.append([form], request.remaining_seconds)
        if appended[form.partition, form.id] is Append.THROTTLED:
            raise _not_recorded()
        return form.id

    def credential(self, settings: TenantSettings, environment: str, request: Request) -> str:
        """What names the caller's credential in what is kept: a key's id, or the GUID of the person who has the token.

        Raises `Contended`, `Throttled`.
        """
        user = request.caller.user
        if user is None:
            return request.caller.credential
        keys = self._keys.of(settings.code, settings.secret)
        key = settings.environment_key(environment)
        return self._callers.person(key, known_by_token(user, keys.address), keys, self._clock()).guid

    def _cast(
        self, environment: EnvironmentKey, keys: TenantKeys, action: AuditAction, caller: Mention | None, now_ms: int
    ) -> "_Cast":
        """The people whom the record names, and the caller."""
        named = [(Mention(Reference(username=text)), each) for text, some in action.people.items() for each in some]
        cast = _Cast(Mentions([mention for mention, _ in named]), [person for _, person in named])
        if caller:
            person = self._callers.person(environment, caller.reference._replace(username=None), keys, now_ms)
            # The last of the cast, so that a name that is asked for belongs to those who have it.
            cast.mentions.origin = len(cast.people)
            if caller.reference.caller is not None:
                cast.mentions.actor = cast.mentions.origin
            cast.mentions.all.append(caller)
            cast.people.append(person)
        return cast


class _Cast(NamedTuple):
    mentions: Mentions
    people: list[Person]
    """Who each of the mentions is."""


def _not_recorded() -> Problem:
    detail = "What was asked for could not be recorded; try again."
    return Problem(503, "not_recorded", detail, headers={"Retry-After": "1"})


def _event(request: Request, action: AuditAction) -> SentEvent:
    return SentEvent(
        activity=OWN_ACTIVITIES + action.activity,
        actor=_actor(request.caller),
        variant=action.variant,
        params={name: _fitting(value) for name, value in action.params.items()},
        context=Context(
            ip=_clean(request.source_ip, _MAX_ADDRESS),
            user_agent=_clean(request.user_agent, _MAX_AGENT),
            request_id=_clean(request.extended_request_id, _MAX_REQUEST_ID),  # the other one is the caller's to choose
        ),
    )


def _caller(caller: Caller, event: SentEvent, keys: TenantKeys) -> Mention | None:
    """The person behind a token, else the one who is known by the caller's address."""
    if caller.user:
        reference = known_by_token(caller.user, keys.address)._replace(username=event.actor.username)
        return Mention(reference, event.actor.name, event.actor.email)
    context = event.context or Context()
    unnamed = known_by(context.ip, context.user_agent, keys.address)
    return unnamed and Mention(unnamed)


def _actor(caller: Caller) -> Actor:
    """A caller as the actor of an own event. A key is no person, so it stands in the clear."""
    if user := caller.user:
        return Actor(
            type="user",
            username=_clean(user.username, _MAX_NAME),
            name=_clean(user.name, _MAX_NAME),
            email=_clean(user.email, _MAX_NAME),
        )
    identifier = _clean(caller.credential, MAX_CLIENT_ID)
    if caller.role == OPERATIONS:
        return Actor(type="operations", id=identifier)
    return Actor(type="api", id=identifier, username=_clean(caller.label, _MAX_LABEL) or identifier)


def _fitting(value: Any) -> Any:
    """A parameter within the limits of one. Longer ones are cut, because what was done must be recorded."""
    if isinstance(value, list):
        return [_fitting(each) for each in value[:_MAX_LIST]]
    return UNCLEAN.sub(" ", value)[:_MAX_TEXT] if isinstance(value, str) else value


def _clean(text: str | None, most: int) -> str | None:
    return UNCLEAN_IN_LINE.sub(" ", text)[:most] if text else None


Params = Mapping[str, str | int | list[str] | None]


class Record(Protocol):
    """What changes a tenant's things is handed this way of recording it.

    The order is everywhere the same: all that can be refused is refused first, then the record is written, then the
    change is made. So nothing ever changes unrecorded; a change that fails after its record answers 5xx, and the same
    call again (it is recorded again) completes it.
    """

    def __call__(  # noqa: PLR0913  what is recorded, and where
        self,
        settings: TenantSettings,
        request: Request,
        activity: str,
        params: Params,
        variant: str | None = None,
        *,
        environment: str | None = None,
    ) -> None:
        """Leaves one event in the log of that tenant, who may not be stored yet, by the request's caller.

        `environment` None: the environment of a call that names none.

        Durable when it returns. Raises `Problem` 503 where it can't be written.
        """


def record_by(recorder: Recorder) -> Record:
    def record(  # noqa: PLR0913  of the protocol
        settings: TenantSettings,
        request: Request,
        activity: str,
        params: Params,
        variant: str | None = None,
        *,
        environment: str | None = None,
    ) -> None:
        environment = environment or request.caller.environment_for(None, settings.environments)
        recorder.record(settings, environment, request, AuditAction(activity, params, variant))

    return record
