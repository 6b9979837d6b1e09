"""Decides whether a well-formed event is accepted: by its time, by the catalogue, and by the people it mentions."""

from collections.abc import Callable
from typing import Any, TypeVar

from msgspec import structs

from daybook.catalogue.aliases import USER
from daybook.catalogue.profile import (
    Activity,
    MissingParams,
    UnknownVariant,
    Variant,
    VariantNeeded,
    choose_variant,
    is_reserved,
    uncatalogued,
)
from daybook.catalogue.tenant_catalogue import Catalogue
from daybook.clock import format_time
from daybook.crypto.keys import TenantKeys
from daybook.errors import FieldError
from daybook.events.adjustment import with_meaning
from daybook.events.content import AcceptedEvent
from daybook.events.decoding import Received
from daybook.events.identity import derived_event_id
from daybook.events.item import fingerprint
from daybook.events.mentions import Mentions
from daybook.events.rejected import Rejected
from daybook.events.schema import ParameterObject, SentEvent
from daybook.ids import IDENTITY_BYTES, event_id
from daybook.tenants.settings import MAX_AHEAD_MS, TenantSettings
from daybook.text import composed

MAX_DETAILS_BYTES = 128 * 1024
"""Limit for details that a template makes: only one that repeats parameters can exceed it, since an event has 64 KB."""

MAX_USERNAME = 256

_EVENT_ID_BYTES = 36

_Checked = TypeVar("_Checked")


class AcceptancePolicy:
    """Decides which events of one request are accepted, by the tenant's settings and catalogue of that moment."""

    def __init__(  # noqa: PLR0913  one for each thing that decides
        self,
        settings: TenantSettings,
        catalogue: Catalogue,
        keys: TenantKeys,
        *,
        sender: str,
        now_ms: int,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        """`sender` is the credential that sends the events."""
        self.settings = settings
        self.profile = catalogue.profile
        self._catalogue = catalogue
        self._keys = keys
        self._sender = sender
        self.now_ms = now_ms
        self._random = random_bytes

    def identify(self, received: Received, environment: str) -> tuple[str, int]:
        """The event's id and time. A sender's id always gives the same id, so that a retry meets its first try."""
        client_id = received.event.id
        occurred_ms = self.now_ms if received.occurred_ms is None else received.occurred_ms
        if client_id is None:
            return event_id(occurred_ms, self._random(IDENTITY_BYTES)), occurred_ms
        key = self.settings.environment_key(environment)
        return derived_event_id(self._keys.event_id, key, client_id, occurred_ms), occurred_ms

    def fingerprint(self, received: Received) -> bytes | None:
        """None without a sender's id: then no other event can come under the same id."""
        return None if received.event.id is None else fingerprint(self._keys.fingerprint, received.encoded)

    def accept(
        self, received: Received, environment: str, identified: tuple[str, int], repeats_by: bytes | None
    ) -> AcceptedEvent:
        """The event with its activity, variant and mentions. Raises one `Rejected` for all of its faults.

        `repeats_by` is its `fingerprint`.
        """
        event = received.event
        identifier, occurred_ms = identified
        faults: list[Rejected] = []

        def attempt(check: Callable[..., _Checked], *given: Any) -> _Checked | None:
            try:
                return check(*given)
            except Rejected as rejected:
                faults.append(rejected)
                return None

        attempt(self._check_time, occurred_ms)
        attempt(self._check_source, event)
        activity = attempt(self._activity, event)
        # Without an activity, people and parameters are checked as those of one that is not catalogued.
        known = activity or uncatalogued(event.activity)
        event, shortened = _with_short_usernames(event, known.person_params)
        uncut = {**shortened, **received.uncut}
        event = attempt(with_meaning, event) or event
        before = len(faults)
        variant = attempt(_variant, event, known)
        if len(faults) == before:  # else it is not known which origin counts
            attempt(_check_origin, event, known, variant)
        attempt(_check_parameters, event, variant)
        attempt(_check_role, event, known)
        attempt(_check_details, event, variant)
        mentions = Mentions.of(event, known.person_params, self._keys.address, uncut)
        faults += mentions.faults
        if faults:
            raise Rejected.all_of(faults)
        return AcceptedEvent(
            event=event,
            id=identifier,
            environment=environment,
            occurred_ms=occurred_ms,
            received_ms=self.now_ms,
            fingerprint=repeats_by,
            activity=known,
            variant=variant,
            mentions=mentions,
            sender=self._sender,
            adjusted=sorted((*received.adjusted, *shortened)) if shortened else received.adjusted,
        )

    def _check_time(self, occurred_ms: int) -> None:
        settings = self.settings
        if occurred_ms > self.now_ms + MAX_AHEAD_MS:
            raise Rejected("in_future", FieldError("occurred_at", "is more than 5 minutes in the future"))
        self._check_age(occurred_ms)
        if settings.audit_since is not None and occurred_ms < settings.audit_since:
            message = f"is before auditing began, {format_time(settings.audit_since)}"
            raise Rejected("before_audit", FieldError("occurred_at", message))

    def _check_age(self, occurred_ms: int) -> None:
        longest_days = self.profile.retention.longest_days
        oldest_ms = self.settings.oldest_accepted(self.now_ms, longest_days)
        if occurred_ms >= oldest_ms:
            return
        hold = self.settings.hold
        if hold is None:
            message = f"is more than {self.settings.retention_days} days ago"
        elif oldest_ms > hold.edge_ms:
            message = f"is more than {longest_days} days ago"
        else:
            message = f"is before {format_time(oldest_ms)}, where the legal hold begins"
        raise Rejected("past_retention", FieldError("occurred_at", message))

    def _check_source(self, event: SentEvent) -> None:
        accepted = self.profile.source_types
        if event.source is not None and accepted is not None and event.source.type not in accepted:
            message = f"must be one of {', '.join(sorted(accepted))}"
            raise Rejected("out_of_scope", FieldError("source.type", message))

    def _activity(self, event: SentEvent) -> Activity:
        if is_reserved(event.activity):
            raise Rejected("reserved_activity", FieldError("activity", "is reserved for Daybook's own events"))
        activity = self._catalogue.activity(event.activity)
        if activity is not None:
            return activity
        if self.settings.mode == "strict":
            raise Rejected("unknown_activity", FieldError("activity", "is not in the catalogue"))
        return uncatalogued(event.activity)


def _variant(event: SentEvent, activity: Activity) -> Variant | None:
    sent = frozenset(event.params or ())
    try:
        return choose_variant(activity, event.variant, sent, event.details is not None)
    except UnknownVariant as unknown:
        raise Rejected("unknown_variant", FieldError("variant", f"must be one of {', '.join(unknown.names)}")) from None
    except VariantNeeded as needed:
        raise Rejected(
            "variant_needed", FieldError("variant", f"is required: one of {', '.join(needed.names)}")
        ) from None
    except MissingParams as missing:
        errors = [FieldError(f"params.{name}", "is required, unless the event has details") for name in missing.names]
        raise Rejected("missing_params", *errors) from None


def _check_parameters(event: SentEvent, variant: Variant | None) -> None:
    """Checks that objects are people or references to events, and that parameters of type event are references."""
    types = {} if variant is None else {param.name: param.type for param in variant.params}
    for name, value in (event.params or {}).items():
        refers = types.get(name) == "event" or (name == "session" and event.activity.endswith(".time-adjusted"))
        if isinstance(value, ParameterObject):
            is_user = value.user is not None and value.id is None and value.occurred_at is None
            is_event = value.user is None and value.id is not None and value.occurred_at is not None
            if not (is_event if refers else is_user):
                form = '{"id", "occurred_at"}' if refers else '{"user"}'
                raise Rejected(
                    "invalid_value", FieldError(f"params.{name}", f"an object here must have the form {form}")
                )
        elif refers and not isinstance(value, str):
            raise Rejected("invalid_type", FieldError(f"params.{name}", "must refer to an event"))


def _check_details(event: SentEvent, variant: Variant | None) -> None:
    if event.details is not None or variant is None or not event.params or not variant.repeats:
        return
    sizes = {name: _shown_bytes(event.params[name]) for name in variant.names}
    literal, names = variant.pieces[::2], variant.pieces[1::2]
    if sum(len(text.encode()) for text in literal) + sum(sizes[name] for name in names) > MAX_DETAILS_BYTES:
        message = f"made from the template must have at most {MAX_DETAILS_BYTES} bytes"
        raise Rejected("too_large", FieldError("details", message))


def _shown_bytes(param: Any) -> int:
    """How long a parameter is within a sentence; never too low, at times a little too high."""
    if isinstance(param, str):
        return len(param.encode())
    if isinstance(param, list):
        return sum(len(text.encode()) + len(", ") for text in param)
    if isinstance(param, ParameterObject):
        return _EVENT_ID_BYTES if param.user is None else len(param.user.encode())
    return len(str(param))


def _with_short_usernames(event: SentEvent, person_params: frozenset[str]) -> tuple[SentEvent, dict[str, str]]:
    """The event with the usernames in its parameters cut to the length of one; those that were cut, by path.

    Only the catalogue says which parameters are usernames. Whoever chooses a long one is logged all the same.
    """
    shortened: dict[str, Any] = {}
    uncut: dict[str, str] = {}
    for name in person_params & (event.params or {}).keys():
        value = (event.params or {})[name]
        if isinstance(value, str) and _is_too_long(value):
            shortened[name] = composed(value)[:MAX_USERNAME]
            uncut[f"params.{name}"] = composed(value)
        elif isinstance(value, list) and (long := {place for place, each in enumerate(value) if _is_too_long(each)}):
            shortened[name] = [
                composed(each)[:MAX_USERNAME] if place in long else each for place, each in enumerate(value)
            ]
            uncut |= {f"params.{name}[{place}]": composed(value[place]) for place in long}
    if not shortened:
        return event, uncut
    return structs.replace(event, params={**(event.params or {}), **shortened}), uncut


def _is_too_long(username: str) -> bool:
    return len(username) > MAX_USERNAME and len(composed(username)) > MAX_USERNAME


def _check_origin(event: SentEvent, activity: Activity, variant: Variant | None) -> None:
    origin = activity.origin if variant is None or variant.origin is None else variant.origin
    if origin == USER and event.actor.type in ("system", "unknown"):
        raise Rejected(
            "actor_required",
            FieldError("actor.type", "must be user, api or operations: this activity is always done by somebody"),
        )


def _check_role(event: SentEvent, activity: Activity) -> None:
    role = activity.required_role
    if role is not None and event.status != "failure" and role not in (event.actor.roles or ()):
        raise Rejected("role_required", FieldError("actor.roles", f"must contain {role!r} for a success"))
