"""OCSF 1.9.0, class Entity Management (3004) of the category Identity & Access Management (3), without profiles.

OCSF defines the class for "activity by a managed client, a micro service, or a user at a management console". A
consumer that does not know Daybook finds the actor, the activity, the target, the source address and the outcome.

| OCSF | from the native event |
|---|---|
| `activity_id`, `activity_name` | the verb in the activity's last part: 1 Create, 2 Read, 3 Update, 4 Delete; otherwise 99, Other, with `event` as the name |
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
| `actor.user` | `actor`: `uid` is its GUID or id, `name` the username, `full_name`, `email_addr`, `type_id` 1 User, 3 System, 4 Service, 0 Unknown; `type` is `user_type` |
| `actor.session.uid` | `context.session_id` |
| `src_endpoint.ip` | `context.ip` |
| `http_request.user_agent` | `context.user_agent` |
| `entity` | `target`: `uid` is its id, `name`, `type_id` 2 User with `user`, otherwise 99, Other, with `type`; without a target the component |
| `unmapped` | all other fields under their native names: `category`, `component`, `event`, `variant`, `origin`, `source`, `params`, `changes`, `people`, `caused_by`, `sender`, `adjusted`, the actor's `roles` and `impersonator`, the target's `within` |

The class has no place for an impersonator without a profile, so that person is in `unmapped`. `src_endpoint` and
`http_request` are then the impersonator's, and not those of `actor.user`.
"""  # noqa: E501  table rows can't be wrapped

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from daybook.catalogue.aliases import USER, Aliases
from daybook.clock import parse_time

VERSION = "1.9.0"
CATEGORY, CLASS = 3, 3004
OTHER = 99

_NAME = re.compile(r"[.:]")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
"""Words of `doc-deleted`, `signed_in`, `ConsoleLogin` and `UPD`."""

_CAPTIONS = {1: "Create", 2: "Read", 3: "Update", 4: "Delete"}
_VERBS = {
    **dict.fromkeys(("add", "added", "create", "created", "uploaded"), 1),
    **dict.fromkeys(("downloaded", "exported", "read", "searched", "viewed"), 2),
    **dict.fromkeys(("change", "changed", "edit", "edited", "renamed", "set", "upd", "update", "updated"), 3),
    **dict.fromkeys(("del", "delete", "deleted", "remove", "removed", "revoked"), 4),
}
_ACTOR_TYPES = {USER: 1, "system": 3, "api": 4, "operations": 1}
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
                "actor": _actor(native["actor"], context),
                "src_endpoint": _holding("ip", context["ip"]),
                "http_request": _holding("user_agent", context["user_agent"]),
                "entity": _entity(native),
                "unmapped": _unmapped(native) or None,
            }
        )
    )


def activity_id(activity: str) -> int:
    words = [word.lower() for word in _WORD.findall(_NAME.split(activity)[-1])]
    return next((_VERBS[word] for word in reversed(words) if word in _VERBS), OTHER)


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


def _actor(actor: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, Any]:
    user = {
        "type_id": _ACTOR_TYPES.get(actor["type"], 0),
        "type": actor["user_type"],
        "uid": actor["id"] or actor["client_id"],
        "uid_alt": actor["client_id"] if actor["id"] else None,
        "name": actor["username"],
        "full_name": actor["name"],
        "email_addr": actor["email"],
    }
    return _present({"user": _present(user), "session": _holding("uid", context["session_id"])})


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


def _unmapped(native: Mapping[str, Any]) -> dict[str, Any]:
    actor, target = native["actor"], native["target"]
    rest = {name: native[name] for name in _UNMAPPED} | {name: actor[name] for name in ("roles", "impersonator")}
    return _present(rest | {"within": None if target is None else target["within"]})


def _holding(name: str, value: Any) -> dict[str, Any] | None:
    return None if value is None else {name: value}


def _present(written: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in written.items() if value is not None}
