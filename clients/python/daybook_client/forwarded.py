"""What HTTP headers say of a client, as far as it can be believed."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from ipaddress import ip_address

MAX_USER_AGENT = 1024  # characters that Daybook keeps
REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}")


def client_address(peer: str | None, forwarded: Sequence[str], proxies: int) -> str | None:
    """The address of whoever sent the request.

    `peer` is the other end of the connection, `forwarded` the values of all headers `X-Forwarded-For`, in order, and
    `proxies` how many proxies of yours a request passes. Each appends the address that it was called from, so that many
    entries from the end are true; whatever stands before them the client may have made up. Without the promised
    entry, or where that is no address, the answer is `peer`.
    """
    if proxies < 1:
        return peer
    entries = [entry.strip() for value in forwarded for entry in value.split(",")]
    if len(entries) < proxies:
        return peer
    return _address(entries[-proxies]) or peer


def request_id_of(given: str | None) -> str:
    """The id that the caller gave, or a new one where it gave none, or one that Daybook would reject."""
    return given if given and REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def user_agent_of(given: str | None) -> str | None:
    """Cut to what Daybook keeps: a client must not be able to make its event too large."""
    return given[:MAX_USER_AGENT] if given else None


def _address(entry: str) -> str | None:
    """An address without the port that some proxies write behind it: `203.0.113.7:443`, `[2001:db8::1]:443`."""
    if entry.startswith("["):
        entry = entry[1:].partition("]")[0]
    elif entry.count(":") == 1:
        entry = entry.partition(":")[0]
    try:
        return str(ip_address(entry))
    except ValueError:
        return None
