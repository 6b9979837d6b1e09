"""CloudEvents 1.0 in structured content mode, in the JSON format: an envelope around the native event.

| attribute | from |
|---|---|
| `id` | the event's id; together with `source` it identifies a duplicate |
| `source` | `urn:daybook:<tenant>:<environment>` |
| `type` | `daybook.<activity>` |
| `subject` | the target as `type:id`; characters that the String type forbids are percent-encoded; absent without one |
| `time` | when it occurred |
| `data` | the native event |
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from daybook.catalogue.aliases import Aliases

_encode = msgspec.json.Encoder().encode
_LAST_OF_PLANES = "".join(chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
FORBIDDEN = re.compile(rf"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef{_LAST_OF_PLANES}]")
"""The characters that a CloudEvents 1.0 String (section 3.1) forbids: control characters, lone surrogates and
noncharacters.
"""


def write(native: Mapping[str, Any], _alias: str | None, _aliases: Aliases) -> bytes:
    target = native["target"]
    subject = None if target is None else FORBIDDEN.sub(_percent_encoded, f"{target['type']}:{_name(target)}")
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


def _percent_encoded(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "surrogatepass"))


def _name(target: Mapping[str, Any]) -> str:
    return next((target[name] for name in ("id", "username", "name") if target.get(name)), "")
