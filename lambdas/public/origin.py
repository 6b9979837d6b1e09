"""The address of this deployment, as the caller wrote it."""

import re

from daybook.http.request import Request

_ADDRESS = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(?:/[A-Za-z0-9_-]+)?", re.ASCII)


def plain_origin(request: Request) -> str | None:
    """None unless it has the form of an address: it comes from the caller's Host header, which may hold anything."""
    return request.origin if _ADDRESS.fullmatch(request.origin) else None
