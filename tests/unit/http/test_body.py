"""The bodies of requests: their sizes, and unpacking."""

import gzip
import time

import pytest

from daybook.http.body import MAX_BYTES, read_body
from daybook.http.problem import Problem
from daybook.http.request import Request
from tests.support.calls import Context, call

EMPTY_MEMBER = gzip.compress(b"")


def read(body: bytes) -> bytes:
    return read_body(Request.from_gateway(call("POST", "/v1/events", body), Context()))


@pytest.mark.parametrize("size", [0, 1, MAX_BYTES])
def test_gzip_is_unpacked(size: int) -> None:
    """Up to the largest body."""
    assert read(gzip.compress(b"x" * size)) == b"x" * size


@pytest.mark.parametrize(
    "body",
    [
        EMPTY_MEMBER * (MAX_BYTES // len(EMPTY_MEMBER)),
        gzip.compress(b"x") * 2,
        gzip.compress(b"x") + b"\x00",
        gzip.compress(b"x")[:-1],
        EMPTY_MEMBER[:-1],
        b"\x1f\x8b",
    ],
    ids=["157,000 empty members", "two members", "padded", "cut", "cut empty one", "only the mark"],
)
def test_a_body_is_one_whole_member(body: bytes) -> None:
    """Whatever follows the first member is refused unread: 157,000 empty members took 19 seconds."""
    started = time.process_time()
    with pytest.raises(Problem) as refused:
        read(body)
    assert (refused.value.status, refused.value.code) == (400, "unreadable")
    assert time.process_time() - started < 1


@pytest.mark.parametrize("body", [b" " * (MAX_BYTES + 1), gzip.compress(bytes(MAX_BYTES + 1))], ids=["plain", "gzip"])
def test_a_body_has_3_mb_at_most(body: bytes) -> None:
    """Also after unpacking."""
    with pytest.raises(Problem) as refused:
        read(body)
    assert (refused.value.status, refused.value.code) == (413, "too_large")
