"""Answers in gzip: for whom, and which."""

import base64
import gzip
import json
from typing import Any

import pytest

from daybook.http.encodings import gzipped, preferred
from daybook.http.problem import Problem
from daybook.http.request import BINARY, MAX_UNPACKED, Answer
from daybook.http.serve import Operation, serve
from tests.support.calls import Context, authorized, call


def _served(operation: Operation, accepted: str | None) -> dict[str, Any]:
    headers = {} if accepted is None else {"Accept-Encoding": accepted}
    event = call("GET", "/v1/tenants/{tenant}", parameters={"tenant": "a"}, headers=headers, authorizer=authorized())
    return serve(event, Context(), {"read_tenant": operation})


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "br"),
        ("GZip;Q=0.5 , br ; q=0.4", "gzip"),
        ("x-gzip", "gzip"),
        ("*", "br"),
        ("*, br;q=0", "gzip"),
        ("gzip;q=1, *;q=0", "gzip"),
        ("identity;q=0.5, gzip;q=0.5", "gzip"),
        ("identity, gzip;q=0.999", None),
        ("gzip;q=0", None),
        ("gzip;q=0.000, br;q=0", None),
        ("*;q=0", None),
        ("identity", None),
        ("deflate, zstd", None),
        ("", None),
        ("gzip;q=2", None),
        ("gzip;q=0.0001", None),
        ("gzip;level=9", None),
        ("xgzip, gzip2", None),
        (",, gzip ,", "gzip"),
    ],
)
def test_the_coding_that_the_caller_weighs_most_is_chosen(accepted: str, coding: str | None) -> None:
    """RFC 9110, section 12.5.3. Of equal ones the first that is offered; a malformed member counts as absent."""
    assert preferred(accepted, ("br", "gzip")) == coding


def test_larger_json_is_packed_for_callers_that_accept_gzip() -> None:
    """An answer or a problem, always in the same bytes. Caches are told in either case."""
    text = "x" * MAX_UNPACKED

    def refuse(_: Any) -> Answer:
        raise Problem(422, "invalid_value", text)

    operations: list[Operation] = [lambda _: Answer(200, {"text": text}), refuse]
    for operation in operations:
        plain, packed = _served(operation, None), _served(operation, "gzip")
        assert (packed["statusCode"], packed["isBase64Encoded"]) == (plain["statusCode"], True)
        assert packed["headers"] == {**plain["headers"], "Content-Encoding": "gzip"}
        assert plain["headers"]["Vary"] == "Accept-Encoding"
        assert text in json.dumps(json.loads(gzip.decompress(base64.b64decode(packed["body"]))))
        assert gzip.decompress(base64.b64decode(packed["body"])).decode() == plain["body"]
        assert _served(operation, "gzip") == packed


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, b"x" * MAX_UNPACKED),
        Answer(204),
        Answer(200, b"x" * 9_999, media_type=BINARY),
        Answer(200, b"x" * 9_999, media_type="text/html; charset=utf-8"),
        Answer(200, gzipped(b"x" * 9_999), {"Content-Encoding": "gzip"}),
    ],
    ids=["small", "empty", "binary", "page", "packed"],
)
def test_what_is_small_or_no_json_or_packed_stays_as_it_is(answer: Answer) -> None:
    """Up to 1 KB packing saves nothing; tiles and pages have encodings of their own."""
    assert _served(lambda _: answer, "gzip") == _served(lambda _: answer, None)
