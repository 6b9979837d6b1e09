"""One Kinesis client for the sessions of many roles: who signs a call, where it goes and how long it takes."""

import hashlib
import hmac
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import NoCredentialsError

from daybook.aws import clients
from daybook.aws.assumed_roles import customers_sessions
from daybook.aws.kinesis import CustomerStreams
from daybook.aws.shared_kinesis import KinesisClient
from daybook.delivery.records import Record
from daybook.delivery.sender import LIVE, PutFailed
from tests.support.assumed_roles import MemorySts
from tests.support.slow_kinesis import SlowKinesis, slow_kinesis
from tests.support.streams import STREAM, destination

CALLS = 2_000
THREADS = 32
TENANTS = 50


class Answered(AWSResponse):  # type: ignore[misc]  # botocore carries no types
    def __init__(self) -> None:
        super().__init__("https://aws.example", 200, {}, None)
        self._content = b'{"FailedRecordCount": 0, "Records": [{"SequenceNumber": "1", "ShardId": "s"}]}'


def streams_answered_by(answer: Any) -> CustomerStreams:
    """`answer` stands in place of the HTTP layer."""

    def make_client(region: str, answer_seconds: float) -> KinesisClient:
        client = clients.kinesis(region, answer_seconds)
        client.meta.events.register("before-send.kinesis.*", answer)
        return client

    sts = MemorySts()
    return CustomerStreams(customers_sessions(sts, lambda: sts.now), make_client)


def signature(request: Any, secret: str) -> str:
    """What the request's signature must be: Signature Version 4, computed here from its description."""
    _, _, fields = request.headers["Authorization"].partition(" ")
    given = dict(field.strip().split("=", 1) for field in fields.split(","))
    date, region, service, end = given["Credential"].split("/")[1:]
    names = given["SignedHeaders"].split(";")
    host = {"host": request.url.split("/")[2]}
    headers = {name.lower(): _text(value) for name, value in request.headers.items()} | host
    body = hashlib.sha256(request.body).hexdigest()
    signed = "".join(f"{name}:{headers[name]}\n" for name in names)
    asked = "\n".join(("POST", "/", "", signed, given["SignedHeaders"], body))
    scope = f"{date}/{region}/{service}/{end}"
    text = "\n".join(("AWS4-HMAC-SHA256", headers["x-amz-date"], scope, hashlib.sha256(asked.encode()).hexdigest()))
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, end):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def test_no_credentials_mix() -> None:
    """2,000 calls for 50 tenants on 32 threads: key, token and secret of each signature are those of its tenant."""
    seen: Counter[str] = Counter()
    wrong: list[str] = []
    lock = threading.Lock()

    def check(request: Any, **_: Any) -> Answered:
        tenant = request.body.split(b'"PartitionKey":')[1].split(b'"')[1].decode()
        authorization = _text(request.headers["Authorization"])
        request.headers["Authorization"] = authorization
        key = authorization.split("Credential=")[1].split("/")[0]
        of, token = key.removeprefix("key-"), _text(request.headers["X-Amz-Security-Token"])
        right = (
            of.startswith(f"{tenant}-")
            and token == f"token-{of}"
            and authorization.endswith(f"Signature={signature(request, f'secret-{of}')}")
        )
        with lock:
            seen[tenant] += 1
            if not right:
                wrong.append(f"{tenant}: {key}, {token}")
        return Answered()

    streams = streams_answered_by(check)

    def put(number: int) -> None:
        tenant = f"t{number % TENANTS}"
        streams.put(destination(external_id=tenant), [Record(tenant, b"1")], 1.0)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(THREADS) as threads:
            list(threads.map(put, range(CALLS)))
    finally:
        sys.setswitchinterval(interval)
    assert wrong == []
    assert seen == {f"t{number}": CALLS // TENANTS for number in range(TENANTS)}


def test_without_a_call_there_are_no_credentials() -> None:
    """Neither Daybook's own nor those of the last call."""
    streams = streams_answered_by(lambda **_: Answered())
    streams.put(destination(), [Record("k", b"1")], 1.0)
    client = streams._client("us-east-1", 1.0)._client  # noqa: SLF001  botocore's own
    with pytest.raises((LookupError, NoCredentialsError)):
        client.put_records(StreamARN=STREAM, Records=[{"Data": b"1", "PartitionKey": "k"}])


@pytest.mark.parametrize(
    ("region", "endpoint"),
    [
        ("us-east-1", "https://kinesis.us-east-1.amazonaws.com/"),
        ("eu-west-3", "https://kinesis.eu-west-3.amazonaws.com/"),
        ("cn-north-1", "https://kinesis.cn-north-1.amazonaws.com.cn/"),
        ("us-gov-west-1", "https://kinesis.us-gov-west-1.amazonaws.com/"),
    ],
)
@pytest.mark.parametrize("environment", [None, "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_KINESIS"])
def test_all_accounts_of_a_region_share_its_endpoint(
    region: str, endpoint: str, environment: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or the endpoint that the environment sets, as on a laptop."""
    if environment is not None:
        endpoint = "http://127.0.0.1:8788/"
        monkeypatch.setenv(environment, endpoint)
    asked: list[str] = []

    def note(request: Any, **_: Any) -> Answered:
        asked.append(request.url)
        return Answered()

    streams = streams_answered_by(note)
    for account in ("111111111111", "222222222222"):
        partition = {"cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov"}.get(region, "aws")
        stream = f"arn:{partition}:kinesis:{region}:{account}:stream/audit"
        streams.put(destination(stream_arn=stream), [Record("k", b"1")], 1.0)
    assert asked == [endpoint, endpoint]


@pytest.fixture
def kinesis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowKinesis]:
    with slow_kinesis(tmp_path) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_KINESIS", server.url)
        monkeypatch.setenv("AWS_CA_BUNDLE", str(server.certificate))
        yield server


def put(streams: CustomerStreams, answer_seconds: float = LIVE.answer_seconds) -> int:
    return streams.put(destination(), [Record("k", b"1")] * 3, answer_seconds).milliseconds


@pytest.fixture
def streams() -> CustomerStreams:
    sts = MemorySts()
    return CustomerStreams(customers_sessions(sts, lambda: sts.now), clients.kinesis)


def test_setting_up_the_connection_is_not_the_streams_time(kinesis: SlowKinesis, streams: CustomerStreams) -> None:
    """TLS takes 0.6 s here, and the stream answers at once."""
    kinesis.connecting_seconds = 0.6
    assert put(streams) < 300
    kinesis.answering_seconds = 0.6
    assert 600 <= put(streams) < 900
    assert kinesis.connections == 1


def test_an_answer_that_takes_too_long_times_out(kinesis: SlowKinesis, streams: CustomerStreams) -> None:
    """In live delivery after a second. The backlog waits longer."""
    kinesis.answering_seconds = 1.3
    with pytest.raises(PutFailed) as failed:
        put(streams)
    assert (failed.value.error, failed.value.timed_out) == ("ReadTimeoutError", True)
    assert 1_300 <= put(streams, 5.0) < 2_000


def test_a_connection_that_takes_too_long_is_no_slow_stream(kinesis: SlowKinesis, streams: CustomerStreams) -> None:
    """Nothing has been sent."""
    kinesis.connecting_seconds = 1.3
    with pytest.raises(PutFailed) as failed:
        put(streams)
    assert (failed.value.transient, failed.value.timed_out, failed.value.milliseconds) == (True, False, None)
