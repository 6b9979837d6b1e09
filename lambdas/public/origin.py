"""Where this deployment is reached, as far as the caller can be believed."""

import re

from daybook.http.request import Request

_ADDRESS = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(?:/[A-Za-z0-9_-]+)?", re.ASCII)


def plain_origin(request: Request) -> str | None:
    """The address by which the caller came; None unless it is plainly one: the header `Host` may hold anything."""
    return request.origin if _ADDRESS.fullmatch(request.origin) else None
