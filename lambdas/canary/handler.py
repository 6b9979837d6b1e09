"""Invoked by the schedule, every five minutes."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from canary.canary import Canary
from daybook import observability
from daybook.aws import clients
from daybook.clock import system_clock
from daybook.environment import CanarySettings


class StoredKey(msgspec.Struct):
    """What the canary's secret holds. The storage stack makes it without a key."""

    key: str | None = None


@cache
def compose() -> Canary:
    settings = CanarySettings.from_environment()
    return Canary(
        url=settings.api_url,
        key=lambda: msgspec.json.decode(clients.secret_value(settings.canary_secret_arn), type=StoredKey).key,
        gauge=observability.gauge,
        clock=system_clock,
    )


def handler(_event: Mapping[str, Any], _context: Any) -> None:
    compose().round()
