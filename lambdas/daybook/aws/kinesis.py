"""Customers' Kinesis streams, through a customer's role that Daybook assumes with the external id it made."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from daybook.clock import MINUTE, SECOND, Clock
from daybook.delivery.destination import Destination
from daybook.delivery.records import Record
from daybook.delivery.sender import Answer, PutFailed

_SESSION = "daybook"
_BEFORE_THE_END_MS = 5 * MINUTE
MAX_CLIENTS = 300
"""Each client holds its own connection pool."""

_TRANSIENT = frozenset(
    {
        "InternalFailure",
        "InternalFailureException",
        "KMSThrottlingException",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestTimeout",
        "ServiceUnavailable",
        "Throttling",
        "ThrottlingException",
    }
)
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"})
_DENIED = frozenset({"AccessDenied", "AccessDeniedException"})
"""The customer may have corrected the role since, so the next try asks for a new session."""
_INVALID = frozenset({"InvalidArgumentException", "ValidationException"})

MakeClient = Callable[[str, dict[str, str]], Any]
"""A Kinesis client for a region, with the credentials of a session."""


class _Kept(NamedTuple):
    client: Any
    until_ms: int


class CustomerStreams:
    """Keeps a client for each role, external id and region until shortly before its credentials expire."""

    def __init__(self, sts: Any, make_client: MakeClient, clock: Clock) -> None:
        self._sts = sts
        self._make_client = make_client
        self._clock = clock
        self._kept: dict[tuple[str, str, str], _Kept] = {}
        self._lock = threading.Lock()

    def put(self, destination: Destination, records: Sequence[Record], _answer_seconds: float) -> Answer:
        """Makes one PutRecords call, at most 500 records and 5 MB. Raises `PutFailed`."""
        started = time.monotonic()
        try:
            answer = self._client(destination).put_records(
                StreamARN=destination.chosen.stream_arn,
                Records=[{"Data": record.data, "PartitionKey": record.partition_key} for record in records],
            )
        except ClientError as failure:
            error = failure.response["Error"]["Code"]
            if error in _EXPIRED | _DENIED:
                self._forget(destination)
            raise PutFailed(error, transient=error in _TRANSIENT | _EXPIRED, invalid=error in _INVALID) from None
        except BotoCoreError as failure:
            # There was no answer in time. The records may have arrived, and then arrive a second time.
            timed_out = isinstance(failure, ReadTimeoutError)
            raise PutFailed(type(failure).__name__, transient=True, timed_out=timed_out) from None
        milliseconds = int((time.monotonic() - started) * 1_000)
        if not answer["FailedRecordCount"]:
            return Answer([None] * len(records), milliseconds)
        return Answer([record.get("ErrorCode") for record in answer["Records"]], milliseconds)

    def _client(self, destination: Destination) -> Any:
        name = _name(destination)
        with self._lock:
            kept = self._kept.get(name)
        if kept is None or kept.until_ms <= self._clock():
            kept = self._assume(destination)
            with self._lock:
                self._kept.pop(name, None)
                if len(self._kept) >= MAX_CLIENTS:
                    del self._kept[next(iter(self._kept))]  # the oldest
                self._kept[name] = kept
        return kept.client

    def _assume(self, destination: Destination) -> _Kept:
        role, external_id, region = _name(destination)
        given = self._sts.assume_role(RoleArn=role, RoleSessionName=_SESSION, ExternalId=external_id)["Credentials"]
        credentials = {
            "aws_access_key_id": given["AccessKeyId"],
            "aws_secret_access_key": given["SecretAccessKey"],
            "aws_session_token": given["SessionToken"],
        }
        until_ms = int(given["Expiration"].timestamp() * SECOND) - _BEFORE_THE_END_MS
        return _Kept(self._make_client(region, credentials), until_ms)

    def _forget(self, destination: Destination) -> None:
        with self._lock:
            self._kept.pop(_name(destination), None)


def _name(destination: Destination) -> tuple[str, str, str]:
    chosen = destination.chosen
    return chosen.role_arn, destination.external_id, chosen.stream_arn.split(":")[3]
