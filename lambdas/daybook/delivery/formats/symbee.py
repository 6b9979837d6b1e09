"""Symbee's "Change/Audit History Kinesis Event format": ten fields, in the documented order and layout.

The JSON is indented by four spaces, as in the document's examples, so that these come out byte for byte. The format
has no event id. A duplicate can be recognised only by its bytes.
"""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from daybook.catalogue.aliases import Aliases
from daybook.catalogue.profile import profile
from daybook.catalogue.views import Shown, show

_UTC = ZoneInfo("UTC")
_encode = msgspec.json.Encoder().encode


def write(native: Mapping[str, Any], alias: str | None, aliases: Aliases) -> bytes:
    shown = Shown(dict(native), alias, "", aliases, profile("symbee"), _UTC)
    return msgspec.json.format(_encode(show(shown)), indent=4)
