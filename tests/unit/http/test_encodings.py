"""Answers in gzip: for whom, and which."""

import base64
import gzip
import json
from typing import Any

import pytest

from daybook.http.encodings import best_coding, gzipped
from daybook.http.problem import Problem
from daybook.http.request import BINARY, MAX_UNPACKED, Answer
from daybook.http.serve import Operation, serve
from tests.support.calls import Context, authorized, call


def _served(operation: Operation, accepted: str | None) -> dict[str, Any]:
    headers = {} if accepted is None else {"Accept-Encoding": accepted}
    event = call("GET", "/v1/tenants/{tenant}", parameters={"tenant": "a"}, headers=headers, authorizer=authorized())
    return serve(event, Context(), {"read_tenant": operation})


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        ("gzip, deflate, br, zstd", "br"),  # browsers name several with equal weights
        ("gzip", "gzip"),
        ("br;q=0.5, gzip", "gzip"),
        ("br;q=1.0, GZIP;q=0.5", "br"),
        ("gzip; q=0.001", "gzip"),
        ("identity, gzip", "gzip"),
        ("*", "br"),
        ("*, br;q=0", "gzip"),
        ("br;q=0.3, *;q=0.4", "gzip"),
        ("", ""),
        ("identity", ""),
        ("br;q=0, gzip; q=0.000", ""),
        ("*;q=0", ""),
        ("xgzip, bro", ""),
        ("gzip;q=often", ""),
        ("gzip;q=2", ""),
        ("br;q=often, *", "br"),
        ("identity;q=2, gzip;q=0.5", "gzip"),
        ("identity, gzip;q=0.999", ""),
        ("identity;q=0.5, gzip;q=0.5", "gzip"),
    ],
)
def test_the_coding_with_the_highest_weight_is_chosen(accepted: str, chosen: str) -> None:
    """Of equals the first that is offered, and none where the caller takes none of them."""
    assert best_coding(accepted, ("br", "gzip")) == chosen


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
