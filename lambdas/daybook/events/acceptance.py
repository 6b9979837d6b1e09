"""Decides whether a well-formed event is accepted: by its time, by the catalogue, and by the people it mentions."""

from collections.abc import Callable
from typing import Any

from daybook.catalogue.aliases import USER
from daybook.catalogue.profile import (
    OWN_ACTIVITIES,
    Activity,
    MissingParams,
    UnknownVariant,
    Variant,
    VariantNeeded,
    choose_variant,
    uncatalogued,
)
from daybook.catalogue.tenant_catalogue import Catalogue
from daybook.clock import format_time
from daybook.crypto.keys import TenantKeys
from daybook.errors import FieldError
from daybook.events.content import AcceptedEvent
from daybook.events.decoding import Received
from daybook.events.identity import derived_event_id
from daybook.events.item import fingerprint
from daybook.events.mentions import Mentions
from daybook.events.rejected import Rejected
from daybook.events.schema import ParameterObject, SentEvent
from daybook.ids import IDENTITY_BYTES, event_id
from daybook.tenants.settings import MAX_AHEAD_MS, TenantSettings

MAX_DETAILS_BYTES = 32 * 1024
"""Limit for details that a template makes: a template may repeat its parameters many times."""

_EVENT_ID_BYTES = 36


class AcceptancePolicy:
    """Decides which events of one request are accepted, by the tenant's settings and catalogue of that moment."""

    def __init__(
        self,
        settings: TenantSettings,
        catalogue: Catalogue,
        keys: TenantKeys,
        now_ms: int,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self.settings = settings
        self.profile = catalogue.profile
        self._catalogue = catalogue
        self._keys = keys
        self._now_ms = now_ms
        self._random = random_bytes

    def identify(self, received: Received, environment: str) -> tuple[str, int]:
        """The event's id and time. The id derives from the sender's id if there is one, so that a retry gets the same.

        Raises `Rejected` for a sender's id without a time.
        """
        client_id, occurred_ms = received.event.id, received.occurred_ms
        if client_id is None:
            occurred_ms = self._now_ms if occurred_ms is None else occurred_ms
            return event_id(occurred_ms, self._random(IDENTITY_BYTES)), occurred_ms
        if occurred_ms is None:
            raise Rejected("id_needs_time", FieldError("occurred_at", "is required if the event has an id"))
        key = self.settings.environment_key(environment)
        return derived_event_id(self._keys.event_id, key, client_id, occurred_ms), occurred_ms

    def fingerprint(self, received: Received) -> bytes:
        return fingerprint(self._keys.fingerprint, received.encoded)

    def accept(self, received: Received, environment: str, identified: tuple[str, int]) -> AcceptedEvent:
        """The event with its activity, variant and mentions. Raises `Rejected`."""
        event = received.event
        identifier, occurred_ms = identified
        activity = self._activity(event)
        self._check_time(occurred_ms)
        variant = _variant(event, activity)
        _check_parameters(event, variant)
        _check_actor(event, activity, variant)
        self._check_source(event)
        mentions = Mentions.of(event, _person_params(activity, variant), self._keys.address)
        _check_details(event, variant)
        mentions.check(self.profile.aliases, event)
        return AcceptedEvent(
            event=event,
            id=identifier,
            environment=environment,
            occurred_ms=occurred_ms,
            received_ms=self._now_ms,
            fingerprint=self.fingerprint(received),
            activity=activity,
            variant=variant,
            mentions=mentions,
        )

    def _check_time(self, occurred_ms: int) -> None:
        settings = self.settings
        if occurred_ms > self._now_ms + MAX_AHEAD_MS:
            raise Rejected("in_future", FieldError("occurred_at", "is more than 5 minutes in the future"))
        self._check_age(occurred_ms)
        if settings.audit_since is not None and occurred_ms < settings.audit_since:
            message = f"is before auditing began, {format_time(settings.audit_since)}"
            raise Rejected("before_audit", FieldError("occurred_at", message))

    def _check_age(self, occurred_ms: int) -> None:
        longest_days = self.profile.retention.longest_days
        oldest_ms = self.settings.oldest_accepted(self._now_ms, longest_days)
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
        if f"{event.activity}.".startswith(OWN_ACTIVITIES):
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
    if event.details is not None or variant is None or not event.params:
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


def _person_params(activity: Activity, variant: Variant | None) -> frozenset[str]:
    """Parameters of type person; those of all variants where details leave the variant open."""
    variants = activity.variants if variant is None else (variant,)
    return frozenset(param.name for each in variants for param in each.params if param.type == "person")


def _check_actor(event: SentEvent, activity: Activity, variant: Variant | None) -> None:
    actor = event.actor
    origin = activity.origin if variant is None or variant.origin is None else variant.origin
    if origin == USER and actor.type in ("system", "unknown"):
        raise Rejected(
            "actor_required",
            FieldError("actor.type", "must be user, api or operations: this activity is always done by somebody"),
        )
    role = activity.required_role
    if role is not None and event.status != "failure" and role not in (actor.roles or ()):
        raise Rejected("role_required", FieldError("actor.roles", f"must contain {role!r} for a success"))
