"""OCSF 1.8.0, class Entity Management (3004) of the category Identity & Access Management (3), without profiles.

OCSF defines the class for "activity by a managed client, a micro service, or a user at a management console". A
consumer that does not know Daybook finds the actor, the activity, the target, the source address and the outcome.

| OCSF | from the native event |
|---|---|
| `activity_id`, `activity_name` | the verb in the activity's last part: 1 Create, 2 Read, 3 Update, 4 Delete, 5 Move (or rename), 6 Enroll, 7 Unenroll, 8 Enable, 9 Disable, 10 Activate, 11 Deactivate, 12 Suspend, 13 Resume; otherwise 99, Other, with `event` as the name |
| `type_uid` | 300400 + `activity_id` |
| `time` | `occurred_at`, in milliseconds since 1970 |
| `severity_id` | always 1, Informational: events of an audit log are not alarms |
| `status_id`, `status` | 1 Success, 2 Failure |
| `message` | `details` |
| `metadata.uid` | `id`: identifies a duplicate |
| `metadata.event_code` | `activity` |
| `metadata.correlation_uid` | `context.request_id` |
| `metadata.logged_time` | `received_at`, in milliseconds since 1970 |
| `metadata.log_name` | `environment` |
| `metadata.original_event_uid` | `client_id` |
| `metadata.tenant_uid` | `tenant` |
| `actor.user` | `actor`: `uid` is its GUID or id, `name` the username, `full_name`, `email_addr`; `type_id` 1 User, 2 Admin (`administrators.py` says who is one), 3 System, 4 Service for an API, 0 Unknown |
| `actor.session.uid` | `context.session_id` |
| `src_endpoint` | `context.ip`: `ip` in its canonical spelling, and `port` where one was sent with it |
| `http_request.user_agent` | `context.user_agent` |
| `entity` | `target`: `uid` is its id, `name`, `type_id` 2 User with `user`, otherwise 99, Other, with `type`; without a target the component |
| `unmapped` | all other fields under their native names: `category`, `component`, `event`, `variant`, `origin`, `source`, `params`, `changes`, `people`, `caused_by`, `sender`, `adjusted`, the actor's `user_type`, `roles` and `impersonator`, the target's `within`; `ip` as it was sent if it is no valid address or more than an address and a port; the actor's `email` if it is no valid one |

The class has no place for an impersonator without a profile, so that person is in `unmapped`. `src_endpoint` and
`http_request` are then the impersonator's, and not those of `actor.user`.
"""  # noqa: E501  table rows can't be wrapped

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from daybook.catalogue.aliases import USER, Aliases
from daybook.clock import parse_time
from daybook.delivery.formats.administrators import is_administrator, words
from daybook.delivery.formats.ocsf_types import endpoint, is_email

VERSION = "1.8.0"
CATEGORY, CLASS = 3, 3004
OTHER = 99

_NAME = re.compile(r"[.:]")

_CAPTIONS = {
    1: "Create",
    2: "Read",
    3: "Update",
    4: "Delete",
    5: "Move",
    6: "Enroll",
    7: "Unenroll",
    8: "Enable",
    9: "Disable",
    10: "Activate",
    11: "Deactivate",
    12: "Suspend",
    13: "Resume",
}
_WORDS = {
    1: "add added create created uploaded",
    2: "downloaded exported read searched viewed",
    3: "change changed edit edited set upd update updated",
    4: "del delete deleted remove removed revoked",
    5: "move moved rename renamed",
    6: "enroll enrolled",
    7: "unenroll unenrolled",
    8: "enable enabled",
    9: "disable disabled",
    10: "activate activated",
    11: "deactivate deactivated",
    12: "suspend suspended",
    13: "resume resumed",
}
_VERBS = {word: activity for activity, every in _WORDS.items() for word in every.split()}
_USER_TYPES = {USER: (1, "User"), "system": (3, "System"), "api": (4, "Service")}
_ADMIN, _UNKNOWN = (2, "Admin"), (0, "Unknown")
_UNMAPPED = (
    "category",
    "component",
    "event",
    "variant",
    "origin",
    "source",
    "params",
    "changes",
    "people",
    "caused_by",
    "sender",
    "adjusted",
)

_encode = msgspec.json.Encoder().encode


def write(native: Mapping[str, Any], _alias: str | None, _aliases: Aliases) -> bytes:
    activity = activity_id(native["activity"])
    context = native["context"]
    succeeded = native["status"] == "success"
    source, address = (None, None) if context["ip"] is None else endpoint(context["ip"])
    email, text = _email(native["actor"]["email"])
    return _encode(
        _present(
            {
                "activity_id": activity,
                "activity_name": _CAPTIONS.get(activity, native["event"]),
                "category_uid": CATEGORY,
                "category_name": "Identity & Access Management",
                "class_uid": CLASS,
                "class_name": "Entity Management",
                "type_uid": CLASS * 100 + activity,
                "time": parse_time(native["occurred_at"]),
                "severity_id": 1,
                "severity": "Informational",
                "status_id": 1 if succeeded else 2,
                "status": "Success" if succeeded else "Failure",
                "message": native["details"] or None,
                "metadata": _metadata(native),
                "actor": _actor(native, email),
                "src_endpoint": source,
                "http_request": _holding("user_agent", context["user_agent"]),
                "entity": _entity(native),
                "unmapped": _unmapped(native, address, text),
            }
        )
    )


@lru_cache(1_024)
def activity_id(activity: str) -> int:
    name = words(_NAME.split(activity)[-1])
    return next((_VERBS[word] for word in reversed(name) if word in _VERBS), OTHER)


def _metadata(native: Mapping[str, Any]) -> dict[str, Any]:
    return _present(
        {
            "version": VERSION,
            "product": {"name": "Daybook", "vendor_name": "Daybook"},
            "uid": native["id"],
            "event_code": native["activity"],
            "correlation_uid": native["context"]["request_id"],
            "logged_time": parse_time(native["received_at"]),
            "log_name": native["environment"],
            "original_event_uid": native["client_id"],
            "tenant_uid": native["tenant"],
        }
    )


def _actor(native: Mapping[str, Any], email: str | None) -> dict[str, Any]:
    actor = native["actor"]
    type_id, caption = _ADMIN if is_administrator(native) else _USER_TYPES.get(actor["type"], _UNKNOWN)
    user = {
        "type_id": type_id,
        "type": caption,
        "uid": actor["id"] or actor["client_id"],
        "uid_alt": actor["client_id"] if actor["id"] else None,
        "name": actor["username"],
        "full_name": actor["name"],
        "email_addr": email,
    }
    return _present({"user": _present(user), "session": _holding("uid", native["context"]["session_id"])})


def _entity(native: Mapping[str, Any]) -> dict[str, Any]:
    target = native["target"]
    if target is None:
        return {"type_id": OTHER, "type": "component", "name": native["component"] or native["event"]}
    if "username" not in target:  # it is no person
        entity = {"type_id": OTHER, "type": target["type"], "uid": target["id"], "name": target["name"]}
        return _present(entity if entity["uid"] or entity["name"] else entity | {"name": target["type"]})
    user = {
        "uid": target["id"],
        "uid_alt": target["client_id"],
        "name": target["username"],
        "full_name": target["name"],
    }
    name = target["username"] or target["name"]
    return _present({"type_id": 2, "type": "User", "uid": target["id"], "name": name, "user": _present(user)})


def _unmapped(native: Mapping[str, Any], address: str | None, email: str | None) -> dict[str, Any]:
    actor, target = native["actor"], native["target"]
    rest = {name: value for name in _UNMAPPED if (value := native[name]) is not None}
    return rest | _present(
        {
            "user_type": actor["user_type"],
            "roles": actor["roles"],
            "impersonator": actor["impersonator"],
            "within": None if target is None else target["within"],
            "ip": address,
            "email": email,
        }
    )


def _email(text: str | None) -> tuple[str | None, str | None]:
    """The actor's e-mail address, or the text that is none."""
    return (text, None) if text is None or is_email(text) else (None, text)


def _holding(name: str, value: Any) -> dict[str, Any] | None:
    return None if value is None else {name: value}


def _present(written: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in written.items() if value is not None}
