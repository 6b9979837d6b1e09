"""Groups of people, named by an admin. A filter by group means its current members."""

import uuid
from dataclasses import dataclass

MAX_MEMBERS = 10_000
MAX_NAME = 128
MAX_GROUPS = 500

_GUID_BYTES = 16


@dataclass(frozen=True)
class Group:
    name: str
    version: int
    """Rises with every change, even if the group is removed and made again. Cursors keep it for large groups."""
    members: tuple[str, ...]
    """Distinct GUIDs, in the order given."""


def pack_members(members: tuple[str, ...]) -> bytes:
    """16 bytes a member: a group of 10,000 takes 160 KB, less than half of an item's limit."""
    return b"".join(uuid.UUID(guid).bytes for guid in members)


def unpack_members(packed: bytes) -> tuple[str, ...]:
    return tuple(
        str(uuid.UUID(bytes=packed[start : start + _GUID_BYTES])) for start in range(0, len(packed), _GUID_BYTES)
    )
