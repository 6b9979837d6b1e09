"""Kinesis clients that the sessions of many roles share: a client a region. The credentials belong to the call."""

import time
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from botocore.config import Config
from botocore.credentials import Credentials

from daybook.aws.call_credentials import signed_with


@dataclass(slots=True)
class Call:
    """One call, from before it is signed until its answer."""

    credentials: Credentials
    begun: float
    """A value of `time.monotonic()`: when the connection was there and the body was about to be sent."""
    is_connecting: bool = False

    @property
    def milliseconds(self) -> int:
        """Since then."""
        return int((time.monotonic() - self.begun) * 1_000)


_CALL: ContextVar[Call] = ContextVar("call")


class KinesisClient:
    """A low-level client of one region."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.meta = client.meta
        # Last, so that whatever answers in place of AWS sees the request as it is.
        client.meta.events.register_last("before-send.kinesis.PutRecords", _clock)

    def put_records(self, call: Call, **arguments: Any) -> dict[str, Any]:
        """One PutRecords call with the call's credentials. Raises botocore's errors."""
        token = _CALL.set(call)
        try:
            with signed_with(call.credentials):
                answer: dict[str, Any] = self._client.put_records(**arguments)
        finally:
            _CALL.reset(token)
        return answer


def make_client(session: Any, region: str, config: Config) -> KinesisClient:
    """The client's endpoint is the region's own, or the one that the environment sets.

    By itself botocore sends a call with a `StreamARN` to a host of the stream's account, whatever
    `account_id_endpoint_mode` says. Each account would then need a connection of its own. Its rules do so only where no
    endpoint is given, so the client is made twice: the first tells the endpoint.
    """
    endpoint = session.create_client("kinesis", region_name=region, config=config).meta.endpoint_url
    return KinesisClient(session.create_client("kinesis", region_name=region, config=config, endpoint_url=endpoint))


class _Body:
    """A request's body. urllib3 reads it when the connection, and TLS in it, is there."""

    def __init__(self, body: bytes, call: Call) -> None:
        self._body = body
        self._call = call

    def read(self, _size: int = -1) -> bytes:
        """All of it at once, so that it leaves in one piece. Then nothing."""
        if self._call.is_connecting:
            self._call.begun, self._call.is_connecting = time.monotonic(), False
        body, self._body = self._body, b""
        return body


def _clock(request: Any, **_: Any) -> None:
    call = _CALL.get()
    call.begun, call.is_connecting = time.monotonic(), True
    request.body = _Body(request.body, call)
