"""A customer's stream through a role of the customer's: what is asked of Kinesis, and what its errors mean."""

from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from daybook.aws.assumed_roles import customers_sessions
from daybook.aws.kinesis import MAX_CLIENTS, CustomerStreams
from daybook.delivery.destination import Destination
from daybook.delivery.records import Record
from daybook.delivery.sender import Answer, PutFailed
from tests.support.assumed_roles import MemorySts
from tests.support.streams import ROLE, STREAM, destination

RECORDS = [Record("k", b"1"), Record("k", b"2")]


class Kinesis:
    """The clients of all regions. The next call is refused with `refusal`."""

    def __init__(self) -> None:
        self.sts = MemorySts()
        self.put: list[dict[str, Any]] = []
        self.clients: list[tuple[str, float]] = []
        self.connecting = False
        self.refusal: Any = None
        self.streams = CustomerStreams(customers_sessions(self.sts, lambda: self.sts.now), self._client)

    def put_to(self, to: Destination, answer_seconds: float = 1.0) -> Answer:
        return self.streams.put(to, RECORDS, answer_seconds)

    def failure(self, refusal: Exception) -> PutFailed:
        self.refusal = refusal
        with pytest.raises(PutFailed) as failed:
            self.put_to(destination())
        return failed.value

    def _client(self, region: str, answer_seconds: float) -> Any:
        self.clients.append((region, answer_seconds))
        return self

    def put_records(self, call: Any, **arguments: Any) -> dict[str, Any]:
        self.put.append(arguments)
        call.is_connecting = self.connecting
        refusal, self.refusal = self.refusal, None
        if isinstance(refusal, Exception):
            raise refusal
        return refusal or {"FailedRecordCount": 0, "Records": [{}, {}]}


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, "PutRecords")


def test_the_role_is_assumed_with_the_external_id_in_the_streams_region() -> None:
    """Whatever region Daybook runs in."""
    kinesis = Kinesis()
    stream = STREAM.replace("us-east-1", "eu-west-3")
    assert list(kinesis.put_to(destination(stream_arn=stream)).errors) == [None, None]
    assert kinesis.sts.asked == [{"RoleArn": ROLE, "RoleSessionName": "daybook", "ExternalId": "external"}]
    assert kinesis.clients == [("eu-west-3", 1.0)]
    assert kinesis.put[0]["StreamARN"] == stream
    assert [record["Data"] for record in kinesis.put[0]["Records"]] == [b"1", b"2"]


def test_a_region_has_one_client_for_all_streams() -> None:
    """One for each patience. Regions that do not exist, named by streams' ARNs, don't add up."""
    kinesis = Kinesis()
    for tenant in range(3):
        kinesis.put_to(destination(external_id=str(tenant)))
        kinesis.put_to(destination(external_id=str(tenant)), 5.0)
    assert kinesis.clients == [("us-east-1", 1.0), ("us-east-1", 5.0)]


def test_the_client_that_was_not_used_for_longest_goes_first() -> None:
    """Regions that do not exist never take the place of one that is in use."""
    kinesis = Kinesis()
    for number in range(MAX_CLIENTS + 10):
        kinesis.put_to(destination())
        kinesis.put_to(destination(stream_arn=STREAM.replace("us-east-1", f"xx-east-{number}")))
    assert Counter(kinesis.clients)["us-east-1", 1.0] == 1
    kinesis.put_to(destination(stream_arn=STREAM.replace("us-east-1", "xx-east-0")))
    assert Counter(kinesis.clients)["xx-east-0", 1.0] == 2


@pytest.mark.parametrize(
    ("error", "transient"), [("ExpiredTokenException", True), ("AccessDeniedException", False), ("AccessDenied", False)]
)
def test_a_session_that_was_refused_is_asked_for_anew(error: str, transient: bool) -> None:
    """It ended early, or the customer has corrected the role since."""
    kinesis = Kinesis()
    assert kinesis.failure(refused(error)).transient is transient
    kinesis.put_to(destination())
    assert len(kinesis.sts.asked) == 2


@pytest.mark.parametrize(
    ("refusal", "error", "transient"),
    [
        (refused("AccessDeniedException"), "AccessDeniedException", False),
        (refused("ResourceNotFoundException"), "ResourceNotFoundException", False),
        (refused("ProvisionedThroughputExceededException"), "ProvisionedThroughputExceededException", True),
        (refused("InternalFailure"), "InternalFailure", True),
        (ConnectTimeoutError(endpoint_url="x"), "ConnectTimeoutError", True),
    ],
)
def test_a_failure_has_awss_name(refusal: Exception, error: str, transient: bool) -> None:
    failed = Kinesis().failure(refusal)
    assert (failed.error, failed.transient, failed.timed_out, failed.own) == (error, transient, False, False)


@pytest.mark.parametrize("connecting", [False, True])
def test_only_a_call_that_was_sent_can_time_out(connecting: bool) -> None:
    """TLS that is not set up in time has the same error of botocore's. Nothing has been sent then."""
    kinesis = Kinesis()
    kinesis.connecting = connecting
    assert kinesis.failure(ReadTimeoutError(endpoint_url="x")).timed_out is not connecting


def test_an_error_that_came_late_counts_as_a_slow_answer() -> None:
    assert Kinesis().failure(refused("InternalFailure")).milliseconds is not None
    assert Kinesis().failure(ConnectTimeoutError(endpoint_url="x")).milliseconds is None


def test_a_records_own_error_is_told_by_its_place() -> None:
    kinesis = Kinesis()
    kinesis.refusal = {"FailedRecordCount": 1, "Records": [{}, {"ErrorCode": "InternalFailure"}]}
    assert list(kinesis.put_to(destination()).errors) == [None, "InternalFailure"]
