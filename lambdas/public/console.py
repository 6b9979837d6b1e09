"""The console's page: the running version, and how to make a first call."""

import hashlib
import html
import re
from base64 import b64encode
from functools import cache
from pathlib import Path

from daybook import VERSION
from daybook.http.request import Answer, Request
from public.origin import plain_origin

_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


def console(request: Request) -> Answer:
    origin = plain_origin(request) or "$DAYBOOK_URL"
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
