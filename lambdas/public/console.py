"""The console's page: the running version, and how to make a first call."""

import hashlib
import html
import re
from base64 import b64encode
from functools import cache
from pathlib import Path

from daybook import VERSION
from daybook.http.request import Answer, Request

_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(?:/[A-Za-z0-9_-]+)?", re.ASCII)


def console(request: Request) -> Answer:
    # The address comes from the caller's Host header, so it is shown only if it has the form of an address.
    origin = request.origin if _ORIGIN.fullmatch(request.origin) else "$DAYBOOK_URL"
    page = _page().replace("{{version}}", VERSION).replace("{{origin}}", html.escape(origin))
    headers = {
        "Content-Security-Policy": _policy(),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    return Answer(200, page.encode(), headers, "text/html; charset=utf-8")


@cache
def _page() -> str:
    return Path(__file__).with_name("console.html").read_text("utf-8")


@cache
def _policy() -> str:
    """Forbids loading, running, submitting and framing. The page's one style is allowed by its hash."""
    styles = [b64encode(hashlib.sha256(style.encode()).digest()).decode() for style in _STYLE.findall(_page())]
    allowed = " ".join(f"'sha256-{digest}'" for digest in styles)
    return f"default-src 'none'; style-src {allowed}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
