"""Serves what `infra.page` built into `static/`: each file as it is, and compressed beforehand."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from daybook.http.encodings import best_coding
from daybook.http.problem import not_found
from daybook.http.request import Answer, Request

STATIC = Path(__file__).with_name("static")
PAGE = "index.html"

_CODINGS = {"br": ".br", "gzip": ".gz"}
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
# The last two directives are W3C's Trusted Types: no code of the page can turn text into HTML or script, and no policy
# may allow it.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Vary": "Accept-Encoding",
}
_ASK_AGAIN = "no-cache"
_FOR_EVER = "public, max-age=31536000, immutable"
# The build names a file by 8 characters, in Base32, of its content's hash. Such a file never changes.
_HASHED = re.compile(r".+-[A-Z2-7]{8}\.\w+", re.ASCII)


@dataclass(frozen=True)
class File:
    media_type: str
    cache_control: str
    contents: Mapping[str, bytes]
    """By coding; the file as it is under the empty one."""

    def answer(self, request: Request) -> Answer:
        coding = best_coding(request.headers.get("accept-encoding", ""), tuple(_CODINGS))
        content = self.contents[coding]
        # One tag for each coding: a strong tag names the bytes that are sent (RFC 9110, section 8.8.3.3).
        tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        headers = {**_HEADERS, "Cache-Control": self.cache_control, "ETag": tag}
        if request.knows(tag):
            return Answer(304, headers=headers)
        return Answer(200, content, headers | ({"Content-Encoding": coding} if coding else {}), self.media_type)


def serve_page(request: Request) -> Answer:
    if request.path.endswith("/"):
        # The gateway takes `/console/` for the same resource, but the page's own addresses are relative to `/console`.
        return Answer(308, headers={"Location": "/console"})
    return _files()[PAGE].answer(request)


def serve_file(request: Request) -> Answer:
    name = request.parameters["file"]
    if name == PAGE or name not in _files():  # the page itself has one address
        raise not_found("file")
    return _files()[name].answer(request)


@cache
def _files() -> Mapping[str, File]:
    """The fixed table of what is served. A caller's name is only ever looked up in it, and no path is made of it."""
    return {path.name: _file(path) for path in STATIC.iterdir() if path.suffix in _TYPES}


def _file(path: Path) -> File:
    return File(
        _TYPES[path.suffix],
        _FOR_EVER if _HASHED.fullmatch(path.name) else _ASK_AGAIN,
        {"": path.read_bytes()}
        | {coding: path.with_name(path.name + ending).read_bytes() for coding, ending in _CODINGS.items()},
    )
