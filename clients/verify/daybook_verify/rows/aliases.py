"""What actors that are no people are called in each profile."""

from collections.abc import Mapping
from typing import NamedTuple


class Aliases(NamedTuple):
    system: str = "System"
    api: str = "API"
    operations: str = "Operations"
    unknown: str = "Unknown"


ALIASES: Mapping[str, Aliases] = {
    **dict.fromkeys(("generic", "chat", "enate", "jiffy", "symbee"), Aliases()),
    "carear": Aliases(api="Provisioning API", operations="CareAR Operations"),
}
