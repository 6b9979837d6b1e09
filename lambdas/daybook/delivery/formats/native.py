"""The native event as `GET /v1/events/{id}` returns it, with the fields in the contract's order."""

from collections.abc import Mapping
from typing import Any

import msgspec

from daybook.catalogue.aliases import Aliases

_encode = msgspec.json.Encoder().encode


def write(native: Mapping[str, Any], _alias: str | None, _aliases: Aliases) -> bytes:
    return _encode(native)
