"""What every code of a problem and of a rejected event means, and which problems several operations share."""

from collections.abc import Mapping

from daybook.events.rejected import RejectionCode
from daybook.http.problem import Code

Problems = Mapping[int, tuple[Code, ...]]
"""The codes of an operation's problems, by status."""

PROBLEMS: Mapping[Code, str] = {
    "bad_gateway": "The service gave no answer. Try again.",
    "cannot_count": "No count answers this question. The detail says why.",
    "catalogue_too_large": "The tenant's own activities would be too large in all.",
    "contended": "Others changed the same thing at the same time. Try again.",
    "cursor_mismatch": "The cursor belongs to another query or credential, or is over 24 hours old.",
    "doubled_key": "An object in the body has the same key twice.",
    "environment_denied": "The credential does not reach the environment, or not every environment.",
    "forbidden": "The credential's role may not do this.",
    "internal_error": "The service failed. The header `x-amzn-RequestId` helps operators to find out why.",
    "invalid_json": "The body is not a JSON object in UTF-8.",
    "invalid_length": "A value is too long or too short.",
    "invalid_parameter": "A query parameter is missing, malformed, or given more often than it may be.",
    "invalid_request": "The gateway could not read the request.",
    "invalid_time": "A value is not an RFC 3339 time with an offset, in the years 1970 to 9999.",
    "invalid_type": "A value has the wrong JSON type.",
    "invalid_value": "A value is not allowed. The message says which are.",
    "issuer_unavailable": "The OIDC issuer can't be reached, so nobody can sign in at it. API keys still work.",
    "key_expired": "The key has expired, so it can't be rotated. Make a new one.",
    "key_replaced": "The key was rotated already. Rotate the one that took its place.",
    "legal_hold": "While the legal hold is on, the retention can't be shortened.",
    "limit_reached": "The tenant has used up a limit. Wait for the seconds in the header `Retry-After`.",
    "method_not_allowed": "The resource has no such method. The header `Allow` lists those it has.",
    "missing_field": "A required field is missing.",
    "not_counted_yet": "The statistics of the log are behind. Try again after the seconds in `Retry-After`.",
    "not_found": "The tenant has no such thing.",
    "not_recorded": "The log could not record the call, so nothing was done. Try again.",
    "not_sealed_yet": "No signed head of the log covers the event yet. Try again after the seconds in `Retry-After`.",
    "reserved_activity": "The activity belongs to Daybook itself.",
    "reserved_component": "The component belongs to Daybook itself.",
    "reserved_tenant": "The tenant `daybook` holds the log about operators, which nobody may change so.",
    "retention_fixed": "The tenant's profile fixes the retention.",
    "several_people": "Several people had this name. `errors` lists their GUIDs: name one of them.",
    "sign_in_refused": "The OIDC issuer refused the code, or gave no token for this deployment. Sign in again.",
    "tenant_mismatch": "The header `Daybook-Tenant` names another tenant than the path.",
    "tenant_needed": "An operations credential must name the tenant in the header `Daybook-Tenant`.",
    "tenant_taken": "There is a tenant of this name already.",
    "throttled": "Too many requests. Try again after the seconds in the header `Retry-After`.",
    "timeout": "The service took too long. Try again.",
    "too_large": "The body is too large, as sent or decompressed.",
    "too_long": "The query's values are too long in all.",
    "too_many_activities": "The tenant has as many activities of its own as it may have.",
    "too_many_buckets": "The answer would have too many buckets: give `top`, a longer interval or a shorter time.",
    "too_many_categories": "The activity has been in as many categories as it may be.",
    "too_many_changes": "The retention and the legal hold have been changed too often within two days. Wait.",
    "too_many_exports": "The tenant has as many unfinished exports as it may have. Try again when one is done.",
    "too_many_failures": "Too many failed credentials came from this address. Wait a minute.",
    "too_many_groups": "The environment has as many groups as it may have.",
    "too_many_keys": "There are as many keys as there may be, expired ones included. Revoke some.",
    "too_many_people": "Events name over 1,000 distinct people, or one name means over 64: give an id or a GUID.",
    "too_many_replays": "The tenant has as many unfinished replays as it may have. Try again when one is done.",
    "too_many_to_sort": "More events match than can be sorted. Narrow the search, sort by time, or export.",
    "too_many_values": "The filters have more than 100 values.",
    "too_many_views": "The environment has as many shared views, or the credential as many of its own, as it may have.",
    "too_much_to_read": "The question needs more than one request may read. Give a later `from`.",
    "unauthorized": "The call has no valid credential.",
    "unknown_field": "There is no such field.",
    "unknown_format": "A stored event has a newer format than this release of Daybook can read.",
    "unknown_group": "The environment has no such group.",
    "unknown_parameter": "There is no such query parameter.",
    "unknown_view": "There is no such view.",
    "unknown_zone": "There is no such IANA time zone.",
    "unreadable": "The body can't be read: it is not JSON of this form, or its gzip is broken.",
    "unsupported_encoding": "The header `Content-Encoding` may be `gzip` or `identity`.",
    "unsupported_media_type": "Send `application/json`.",
}

REJECTIONS: Mapping[RejectionCode, str] = {
    "actor_required": "The activity is done by a person: `actor.type` may not be `system` or `unknown`.",
    "before_audit": "The event lies before the tenant's `audit_since`.",
    "doubled_key": "An object in the event has the same key twice.",
    "id_conflict": "Another event with other content has this id and time. The first one stands.",
    "id_needs_time": "An event with an `id` needs its `occurred_at`.",
    "in_future": "`occurred_at` is more than 5 minutes ahead.",
    "invalid_adjustment": "An adjustment of time lacks its session, or the seconds before and after.",
    "invalid_length": "A value is too long or too short.",
    "invalid_time": "A value is not an RFC 3339 time with an offset, in the years 1970 to 9999.",
    "invalid_type": "A value has the wrong JSON type.",
    "invalid_value": "A value is not allowed. The message says which are.",
    "missing_field": "A required field is missing.",
    "missing_params": "No wording of the activity has all of its parameters. Send them, or `details`.",
    "out_of_scope": "The profile's log does not take events from this source type.",
    "past_retention": "The event is older than the tenant's retention.",
    "reserved_activity": "The activity belongs to Daybook itself.",
    "role_required": "A success of this activity needs a role that `actor.roles` lacks.",
    "too_large": "The event is too large.",
    "unknown_activity": "The catalogue lacks the activity, and the tenant's mode is `strict`.",
    "unknown_environment": "The tenant has no such environment.",
    "unknown_field": "There is no such field.",
    "unknown_variant": "The activity has no such variant.",
    "variant_needed": "Several wordings fit the parameters, or none has all of them. Name one in `variant`.",
}

EVERYWHERE: Problems = {
    400: ("invalid_request",),
    413: ("too_large",),
    429: ("throttled",),
    500: ("internal_error",),
    502: ("bad_gateway",),
    504: ("timeout",),
}
WITH_CREDENTIAL: Problems = {
    401: ("unauthorized",),
    403: ("forbidden",),
    429: ("limit_reached", "too_many_failures"),
    503: ("throttled",),
}
OF_TENANT_IN_HEADER: Problems = {400: ("tenant_needed",), 404: ("not_found",)}
OF_TENANT_IN_PATH: Problems = {400: ("tenant_mismatch",), 404: ("not_found",)}
NOT_OF_RESERVED: Problems = {403: ("reserved_tenant",)}
WITH_BODY: Problems = {
    400: ("unreadable",),
    413: ("too_large",),
    415: ("unsupported_media_type", "unsupported_encoding"),
}
WITH_FORM: Problems = {
    400: ("invalid_json",),
    422: ("doubled_key", "invalid_length", "invalid_type", "invalid_value", "missing_field", "unknown_field"),
}
WITH_QUERY: Problems = {400: ("invalid_parameter", "unknown_parameter")}


def meaning(code: Code) -> str:
    return f"`{code}`: {PROBLEMS[code]}"


def rejection(code: RejectionCode) -> str:
    return f"`{code}`: {REJECTIONS[code]}"


def together(*several: Problems) -> dict[int, tuple[Code, ...]]:
    """All of them, statuses and codes in order."""
    found: dict[int, set[Code]] = {}
    for problems in several:
        for status, codes in problems.items():
            found.setdefault(status, set()).update(codes)
    return {status: tuple(sorted(found[status])) for status in sorted(found)}
