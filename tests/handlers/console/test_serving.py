"""The console's page and its files, as the function sends them."""

import base64
import gzip
import re
import subprocess
from typing import Any

import pytest

from console.handler import handler
from console.serving import STATIC
from tests.support.calls import Context, answered, call
from tests.support.documented import documented

pytestmark = pytest.mark.usefixtures("console_page")

DIRECTIVES = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
}


def _page(**headers: str) -> dict[str, Any]:
    event = call("GET", "/console", headers=headers)
    return documented(event, handler(event, Context()))


def _file(name: str, **headers: str) -> dict[str, Any]:
    event = call("GET", "/console/{file}", parameters={"file": name}, headers=headers)
    return documented(event, handler(event, Context()))


def _content(answer: dict[str, Any]) -> bytes:
    """Unpacked."""
    body: bytes = base64.b64decode(answer["body"]) if answer["isBase64Encoded"] else answer["body"].encode()
    match answer["headers"].get("Content-Encoding"):
        case "gzip":
            body = gzip.decompress(body)
        case "br":  # Python has no Brotli
            unpack = "process.stdout.write(zlib.brotliDecompressSync(fs.readFileSync(0)))"
            body = subprocess.run(["node", "-e", unpack], input=body, check=True, capture_output=True).stdout  # noqa: S603, S607
    return body


def _named() -> list[str]:
    """The files that the page loads."""
    return re.findall(r'(?:href|src)="console/([^"]+)"', _page()["body"])


def test_the_page_may_load_only_what_the_house_serves() -> None:
    """Nothing inline, no frame, no form, no text turned into HTML."""
    answer = _page()
    assert (answer["statusCode"], answer["headers"]["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert set(answer["headers"]["Content-Security-Policy"].split("; ")) == DIRECTIVES
    assert answer["headers"]["Referrer-Policy"] == "no-referrer"
    assert answer["headers"]["X-Content-Type-Options"] == "nosniff"
    assert answer["headers"]["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer["headers"]["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer["headers"]["Permissions-Policy"] == "camera=(), microphone=(), geolocation=()"
    assert not re.search(r"<style|\bstyle=|\bon\w+=|<script(?![^>]* src=)", answer["body"])
    assert "{{" not in answer["body"]
    # On AWS the page lives under a stage, so each address in it is relative.
    assert all(re.match(r"console/[^/]+", each) for each in re.findall(r'(?:href|src)="([^"]*)"', answer["body"]))


def test_the_page_is_asked_for_each_time_and_its_files_once() -> None:
    """A file's name changes with its content, so browsers may keep it for ever; each comes as the type that it is."""
    assert _page()["headers"]["Cache-Control"] == "no-cache"
    types = {}
    for name in _named():
        answer = _file(name)
        assert answer["headers"]["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer["headers"]["X-Content-Type-Options"] == "nosniff"
        types[name.rpartition(".")[2]] = answer["headers"]["Content-Type"]
    assert types == {
        "js": "text/javascript; charset=utf-8",
        "css": "text/css; charset=utf-8",
        "svg": "image/svg+xml",
    }


@pytest.mark.parametrize(("accepted", "coding"), [("gzip, deflate, br", "br"), ("gzip", "gzip"), ("br;q=0", None)])
def test_each_file_is_sent_in_the_coding_that_the_browser_takes(accepted: str, coding: str | None) -> None:
    """Compressed beforehand; caches are told that the answer depends on it."""
    for name in _named():
        answer = _file(name, **{"Accept-Encoding": accepted})
        assert answer["headers"].get("Content-Encoding") == coding
        assert answer["headers"]["Vary"] == "Accept-Encoding"
        assert answer["isBase64Encoded"] == (coding is not None)
        assert _content(answer) == (STATIC / name).read_bytes()


def test_a_page_that_the_browser_has_is_not_sent_again() -> None:
    """Each coding has a tag of its own. A proxy may have weakened it, or the browser knows several."""
    plain, packed = _page(), _page(**{"Accept-Encoding": "br"})
    tag = packed["headers"]["ETag"]
    assert tag != plain["headers"]["ETag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', f'W/"a,b",W/{tag}', "*"):
        again = _page(**{"Accept-Encoding": "br", "If-None-Match": known})
        assert (again["statusCode"], again["body"], again["headers"]["ETag"]) == (304, "", tag)
    assert _page(**{"Accept-Encoding": "br", "If-None-Match": plain["headers"]["ETag"]})["statusCode"] == 200


def test_the_address_with_a_slash_leads_to_the_page() -> None:
    """The gateway takes both for one resource, but the page's own addresses would be wrong under the other."""
    event = call("GET", "/console") | {"path": "/console/"}
    event["requestContext"] = event["requestContext"] | {"path": "/prod/console/"}
    answer = documented(event, handler(event, Context()))
    assert (answer["statusCode"], answer["headers"]["Location"]) == (308, "/prod/console")


@pytest.mark.parametrize(
    "name",
    [
        "console.js",
        "index.html",
        "index.html.gz",
        "..",
        "../handler.py",
        "..%2Fhandler.py",
        "/etc/passwd",
        ".",
        "",
        "a\0",
    ],
)
def test_only_built_names_are_served(name: str) -> None:
    """A name is looked up in a table and never becomes a path."""
    answer = _file(name)
    assert (answer["statusCode"], answered(answer)["code"]) == (404, "not_found")
