"""CloudEvents 1.0 in the structured content mode of its JSON format: the native event within an envelope.

| attribute | from |
|---|---|
| `id` | the event's id; with `source` it tells a doubled record |
| `source` | `urn:daybook:<tenant>:<environment>` |
| `type` | `daybook.<activity>` |
| `subject` | the target, `type:id`; left out where there is none |
| `time` | when it occurred |
| `data` | the native event |
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from daybook.catalogue import Aliases

_encode = msgspec.json.Encoder().encode


def write(native: Mapping[str, Any], _aliases: Aliases) -> bytes:
    target = native["target"]
    subject = None if target is None else f"{target['type']}:{_name(target)}"
    event = {
        "specversion": "1.0",
        "id": native["id"],
        "source": f"urn:daybook:{native['tenant']}:{native['environment']}",
        "type": f"daybook.{native['activity']}",
        "subject": subject,
        "time": native["occurred_at"],
        "datacontenttype": "application/json",
        "data": native,
    }
    if subject is None:
        del event["subject"]  # an attribute may be absent, and may not be null
    return _encode(event)


def _name(target: Mapping[str, Any]) -> str:
    return next((target[name] for name in ("id", "username", "name") if target.get(name)), "")
