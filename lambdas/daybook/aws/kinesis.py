"""Customers' Kinesis streams, through a customer's role."""

import threading
import time
from collections.abc import Callable, Sequence

from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from daybook.aws.assumed_roles import Role
from daybook.aws.sessions import DENIED, ENDED, SessionCache
from daybook.aws.shared_kinesis import Call, KinesisClient
from daybook.delivery.destination import Destination
from daybook.delivery.records import Record
from daybook.delivery.sender import Answer, PutFailed

MAX_CLIENTS = 64
"""AWS has some forty regions. A stream's ARN may name one that does not exist."""

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
_INVALID = frozenset({"InvalidArgumentException", "ValidationException"})

MakeClient = Callable[[str, float], KinesisClient]
"""A client for a region that waits so many seconds for an answer."""


class CustomerStreams:
    def __init__(self, roles: SessionCache[Role], make_client: MakeClient) -> None:
        self._roles = roles
        self._make_client = make_client
        self._clients: dict[tuple[str, float], KinesisClient] = {}
        self._lock = threading.Lock()

    def put(self, destination: Destination, records: Sequence[Record], answer_seconds: float) -> Answer:
        """Makes one PutRecords call, at most 500 records and 5 MB. Raises `PutFailed`."""
        chosen = destination.chosen
        role = chosen.role_arn, destination.external_id
        call = Call(self._roles.credentials(role), time.monotonic())
        client = self._client(chosen.stream_arn.split(":")[3], answer_seconds)
        try:
            answer = client.put_records(
                call,
                StreamARN=chosen.stream_arn,
                Records=[{"Data": record.data, "PartitionKey": record.partition_key} for record in records],
            )
        except ClientError as failure:
            error = failure.response["Error"]["Code"]
            if error in ENDED | DENIED:
                self._roles.forget(role, call.credentials)
            transient = error in _TRANSIENT | ENDED
            invalid = error in _INVALID
            raise PutFailed(error, transient=transient, invalid=invalid, milliseconds=call.milliseconds) from None
        except BotoCoreError as failure:
            # There was no answer in time. The records may have arrived, and then arrive a second time. TLS that is not
            # set up in time has the same error, but it says nothing about the stream.
            timed_out = isinstance(failure, ReadTimeoutError) and not call.is_connecting
            raise PutFailed(type(failure).__name__, transient=True, timed_out=timed_out) from None
        errors = [record.get("ErrorCode") for record in answer["Records"]] if answer["FailedRecordCount"] else None
        return Answer(errors or [None] * len(records), call.milliseconds)

    def _client(self, region: str, answer_seconds: float) -> KinesisClient:
        with self._lock:  # it also keeps two threads from making clients at once, which botocore does not allow
            client = self._clients.pop((region, answer_seconds), None)
            if client is None:
                if len(self._clients) >= MAX_CLIENTS:
                    del self._clients[next(iter(self._clients))]  # the one that was not used for longest
                client = self._make_client(region, answer_seconds)
            self._clients[region, answer_seconds] = client
        return client
