"""A customer's stream through a role of the customer's, under our external id."""

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from daybook.aws.kinesis import MAX_CLIENTS, CustomerStreams
from daybook.clock import HOUR, MINUTE
from daybook.delivery.destination import Destination
from daybook.delivery.records import Record
from daybook.delivery.sender import PutFailed
from tests.support.streams import ROLE, STREAM, destination

RECORDS = [Record("k", b"1"), Record("k", b"2")]


class Aws:
    """STS and Kinesis; `refusals` are raised or answered in turn by whichever is called."""

    def __init__(self) -> None:
        self.now = 0
        self.asked: list[dict[str, Any]] = []
        self.put: list[dict[str, Any]] = []
        self.regions: list[str] = []
        self.refusal: Any = None
        self.streams = CustomerStreams(self, self._client, lambda: self.now)

    def put_to(self, destination: Destination) -> list[str | None]:
        return list(self.streams.put(destination, RECORDS, 1.0).errors)

    def _client(self, region: str, credentials: dict[str, str]) -> "Aws":
        assert credentials["aws_session_token"] == "session"
        self.regions.append(region)
        return self

    def assume_role(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(asked)
        end = datetime.fromtimestamp((self.now + HOUR) / 1_000, UTC)
        given = {"AccessKeyId": "a", "SecretAccessKey": "s", "SessionToken": "session", "Expiration": end}
        return {"Credentials": given}

    def put_records(self, **call: Any) -> dict[str, Any]:
        self.put.append(call)
        refusal, self.refusal = self.refusal, None
        if isinstance(refusal, Exception):
            raise refusal
        return refusal or {"FailedRecordCount": 0, "Records": [{}, {}]}


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, "PutRecords")


def test_the_role_is_assumed_with_the_external_id_in_the_streams_region() -> None:
    """Whatever region Daybook runs in."""
    aws = Aws()
    stream = STREAM.replace("us-east-1", "eu-west-3")
    assert aws.put_to(destination(stream_arn=stream)) == [None, None]
    assert aws.asked == [{"RoleArn": ROLE, "RoleSessionName": "daybook", "ExternalId": "external"}]
    assert aws.regions == ["eu-west-3"]
    assert aws.put[0]["StreamARN"] == stream
    assert [record["Data"] for record in aws.put[0]["Records"]] == [b"1", b"2"]


def test_a_session_is_kept_until_shortly_before_it_ends() -> None:
    """And by role, external id and region: never lent to another tenant."""
    aws = Aws()
    for now in (0, 54 * MINUTE, 55 * MINUTE):
        aws.now = now
        aws.put_to(destination())
    assert len(aws.asked) == 2
    aws.put_to(destination(tenant="other", external_id="theirs"))
    assert aws.asked[-1]["ExternalId"] == "theirs"


def test_credentials_that_ended_early_are_asked_for_anew() -> None:
    aws = Aws()
    aws.refusal = refused("ExpiredTokenException")
    with pytest.raises(PutFailed) as failed:
        aws.put_to(destination())
    assert failed.value.transient
    assert aws.put_to(destination()) == [None, None]
    assert len(aws.asked) == 2


def test_a_session_that_was_denied_is_asked_for_anew() -> None:
    """By the next try: the customer may have mended the role."""
    aws = Aws()
    aws.refusal = refused("AccessDeniedException")
    with pytest.raises(PutFailed) as failed:
        aws.put_to(destination())
    assert not failed.value.transient
    assert aws.put_to(destination()) == [None, None]
    assert len(aws.asked) == 2


def test_of_many_sessions_the_oldest_goes() -> None:
    aws = Aws()
    for number in range(MAX_CLIENTS + 1):
        aws.put_to(destination(external_id=str(number)))
    for number in (MAX_CLIENTS, 1):
        aws.put_to(destination(external_id=str(number)))
    assert len(aws.asked) == MAX_CLIENTS + 1
    aws.put_to(destination(external_id="0"))
    assert len(aws.asked) == MAX_CLIENTS + 2


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
    aws = Aws()
    aws.refusal = refusal
    with pytest.raises(PutFailed) as failed:
        aws.put_to(destination())
    assert (failed.value.error, failed.value.transient) == (error, transient)


def test_a_records_own_error_is_told_by_its_place() -> None:
    aws = Aws()
    aws.refusal = {"FailedRecordCount": 1, "Records": [{}, {"ErrorCode": "InternalFailure"}]}
    assert aws.put_to(destination()) == [None, "InternalFailure"]
