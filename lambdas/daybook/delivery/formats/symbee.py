"""Symbee's "Change/Audit History Kinesis Event format": ten fields, in the documented order and layout.

Indented by four spaces, as the document's own examples are, so that those come out to the byte. It holds no event id:
a doubled record can be told only by its bytes.
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


def write(native: Mapping[str, Any], aliases: Aliases) -> bytes:
    shown = Shown(dict(native), "", aliases, profile("symbee"), _UTC)
    return msgspec.json.format(_encode(show(shown)), indent=4)
