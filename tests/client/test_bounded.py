"""What a server's answer may cost: `daybook_client.bounded`."""

import gzip

import pytest

from daybook_client import UnavailableError
from daybook_client.bounded import MAX_BYTES
from daybook_client.posting import HttpPost
from daybook_client.transport import Transport
from tests.support.client_server import Log, Server

KEY = "dbk_k1_" + "s" * 32


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Encoding": "gzip"}, gzip.compress(bytes(MAX_BYTES + 1))),
        ({"Content-Encoding": "gzip, gzip"}, gzip.compress(gzip.compress(bytes(1000)))),
        ({"Content-Encoding": "gzip"}, b"no gzip"),
        ({"Content-Encoding": "gzip"}, gzip.compress(b"{}" * 1000)[:-20]),
    ],
    ids=["too large", "packed twice", "not packed", "cut off"],
)
def test_an_answer_that_unpacks_without_end_is_no_answer(headers: dict[str, str], body: bytes) -> None:
    """It is read up to a bound; events stay, and calls fail as when nothing comes."""
    with Server(Log(), lambda _: (201, headers, body)) as server:
        transport = Transport(server.url, KEY)
        assert HttpPost(transport)([b"{}"]).status is None
        with pytest.raises(UnavailableError):
            transport.call("POST", "/v1/exports", json={})


def test_a_packed_answer_is_unpacked() -> None:
    """As a gateway packs it."""
    body = gzip.compress(b'{"a":1}')
    with Server(Log(), lambda _: (200, {"Content-Encoding": "gzip"}, body)) as server:
        assert Transport(server.url, KEY).call("POST", "/v1/exports", json={}) == {"a": 1}
