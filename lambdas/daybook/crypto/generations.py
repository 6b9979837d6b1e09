"""Keys that are rotated: a list of generations, of which the latest that has begun is used.

The deployment's secret is a text at first: the permanent secret, from which the first generations derive. The command
that rotates (`infra.operate.rotate_keys`) makes a JSON document of it, in which later generations have secrets of their
own. The permanent secret stays in it unchanged.

A new generation begins `NOTICE_MS` after it is published. By then every warm function has read the secret again, since
it does so where it has not for `REREAD_MS`. So no function meets a key that it does not know, and all change to the new
one at the same moment.
"""

from dataclasses import dataclass, field
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta, Struct

from daybook.clock import MINUTE

REREAD_MS = 5 * MINUTE
NOTICE_MS = 3 * REREAD_MS
"""Longer than `REREAD_MS`, so that one failure to read the secret does no harm."""

MAX_NUMBER = (1 << 16) - 1
"""A cursor has two bytes for the number."""


class StoredGeneration(Struct, omit_defaults=True):
    number: Annotated[int, Meta(ge=0, le=MAX_NUMBER)] = 0
    from_ms: int = 0
    secret: str | None = None
    """None: the permanent secret. Only the first generation derives from it."""


class RotatedSecret(Struct):
    """The document in Secrets Manager after the first rotation."""

    permanent: str
    cursors: Annotated[list[StoredGeneration], Meta(min_length=1)]
    jobs: Annotated[list[StoredGeneration], Meta(min_length=1)]
    """Both oldest first. Numbers rise, and none comes back."""


class DeploymentSecret(NamedTuple):
    permanent: bytes
    cursors: list[StoredGeneration]
    jobs: list[StoredGeneration]


@dataclass(frozen=True)
class Generation:
    number: int
    from_ms: int
    key: bytes = field(repr=False)


class Generations(NamedTuple):
    """The generations of one purpose's key, oldest first."""

    each: tuple[Generation, ...]

    def current(self, now_ms: int) -> Generation:
        """The one to use now."""
        return next((one for one in reversed(self.each) if one.from_ms <= now_ms), self.each[0])

    def numbered(self, number: int) -> Generation | None:
        return next((one for one in self.each if one.number == number), None)

    def replaced_ms(self, number: int) -> int | None:
        """When the next one begins or began; None for the last one."""
        return next((one.from_ms for one in self.each if one.number > number), None)


def read_secret(secret: bytes) -> DeploymentSecret:
    """Raises msgspec's ValidationError."""
    if not secret.startswith(b"{"):
        return DeploymentSecret(secret, [StoredGeneration()], [StoredGeneration()])
    document = msgspec.json.decode(secret, type=RotatedSecret)
    return DeploymentSecret(document.permanent.encode(), document.cursors, document.jobs)
