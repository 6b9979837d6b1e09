"""Customers' streams over HTTP: a real boto3 consumer on local Daybook's AWS endpoint."""

import itertools
import json
import re
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.running_daybook import LocalDaybook, make_tenant

ACCOUNT = "123456789012"
SENDS = 10
MAX_SECONDS = 60

_serial = itertools.count()


class Customer:
    """A tenant with its own stream, and the consumer that reads it."""

    def __init__(self, local_daybook: LocalDaybook, form: str = "native") -> None:
        self.name = f"customer-{next(_serial)}"
        self._operations = local_daybook.operations
        self._operations.headers["Daybook-Tenant"] = self.name
        assert make_tenant(local_daybook.operations, self.name, "symbee").status_code == 201
        self._kinesis = local_daybook.aws("kinesis")
        self.create_stream()
        chosen = {
            "stream_arn": f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/{self.name}",
            "role_arn": f"arn:aws:iam::{ACCOUNT}:role/daybook",
            "format": form,
        }
        assert self._operations.put("/v1/settings/stream", json=chosen).status_code == 200
        self.sent: list[str] = []

    def create_stream(self) -> None:
        self._kinesis.create_stream(StreamName=self.name, ShardCount=1)
        (shard,) = self._kinesis.describe_stream(StreamName=self.name)["StreamDescription"]["Shards"]
        answer = self._kinesis.get_shard_iterator(
            StreamName=self.name, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )
        self._iterator = answer["ShardIterator"]

    def delete_stream(self) -> None:
        self._kinesis.delete_stream(StreamName=self.name)

    def send(self, **event: Any) -> str:
        mike = {"type": "user", "username": "mike.mars"}
        answer = self._operations.post("/v1/events", json={"activity": "workcodes.upd", "actor": mike, **event})
        assert answer.status_code == 201, answer.text
        self.sent.append(answer.json()["results"][0]["id"])
        return self.sent[-1]

    def records(self) -> Iterator[dict[str, Any]]:
        """The records as they arrive."""
        until = time.monotonic() + MAX_SECONDS
        while time.monotonic() < until:
            answer = self._kinesis.get_records(ShardIterator=self._iterator)
            self._iterator = answer["NextShardIterator"]
            yield from answer["Records"]
        raise AssertionError("nothing came")

    def received(self, count: int) -> list[str]:
        """The ids of so many different events."""
        found: list[str] = []
        for record in self.records():
            found.append(json.loads(record["Data"])["id"])
            if len(set(found)) == count:
                return found
        raise AssertionError

    def receives(self, sent: str) -> None:
        """Waits for an event, whatever else comes before it."""
        assert any(json.loads(record["Data"])["id"] == sent for record in self.records())

    def seconds_to_arrive(self) -> float:
        """The time from the 201 until the record is read."""
        sent = self.send()
        stored = time.monotonic()
        self.receives(sent)
        return time.monotonic() - stored

    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = self._operations.get("/v1/settings/stream").json()
        return state

    def reaches(self, **expected: Any) -> None:
        """Asserts that the stream's state becomes this within a few seconds."""
        until = time.monotonic() + MAX_SECONDS
        while not expected.items() <= (state := self.state()).items():
            assert time.monotonic() < until, state

    def replay(self) -> str:
        """The path of the job that sends everything again."""
        span = {"from": "2026-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z"}
        answer = self._operations.post("/v1/settings/stream/replay", json=span)
        assert answer.status_code == 202, answer.text
        path: str = answer.headers["Location"]
        return path

    def ends(self, job: str, **expected: Any) -> None:
        until = time.monotonic() + MAX_SECONDS
        while not expected.items() <= (state := self._operations.get(job).json()).items():
            assert time.monotonic() < until, state

    def test_stream(self) -> httpx.Response:
        return self._operations.post("/v1/settings/stream/test")


@pytest.mark.long
def test_a_broken_stream_delays_no_neighbour_and_loses_nothing(local_daybook: LocalDaybook) -> None:
    """With one of two streams broken, the other's median delivery takes at most 1.2 times as long. After the repair
    everything arrives.

    What a broken stream costs its neighbour shows in every take; what other programs on the machine cost does not. So
    one take of ten within the bound is enough.
    """
    broken, other = Customer(local_daybook), Customer(local_daybook)
    other.seconds_to_arrive()

    def median() -> float:
        taken = []
        for _ in range(SENDS):
            broken.send()
            taken.append(other.seconds_to_arrive())
        return statistics.median(taken)

    unbroken = min(median() for _ in range(3))
    sent_unbroken = list(broken.sent)
    assert Counter(broken.received(len(sent_unbroken))) == dict.fromkeys(sent_unbroken, 1)
    broken.delete_stream()
    # A tenth of a second is so short that the machine's own noise matters.
    bound = 1.2 * unbroken + 0.02
    takes: list[float] = []
    while not takes or takes[-1] > bound:
        assert len(takes) < 10, (bound, takes)
        takes.append(median())
    lost_so_far = broken.sent[len(sent_unbroken) :]
    broken.reaches(status="failing", last_error="ResourceNotFoundException", pending=len(lost_so_far))
    broken.create_stream()
    assert set(broken.received(len(lost_so_far))) == set(lost_so_far)
    broken.reaches(status="active", last_error=None, pending=0)
    broken.send()
    assert broken.received(1) == broken.sent[-1:]


def test_the_documented_record_comes_out_of_the_stream(local_daybook: LocalDaybook) -> None:
    """It equals Symbee's example byte for byte except for company and time."""
    customer = Customer(local_daybook, "symbee")
    customer.send(target={"type": "workcode", "name": "Promised to Pay"})
    record = next(customer.records())
    shown = json.loads(record["Data"])
    assert (
        record["Data"].decode()
        == f"""{{
    "PlatformId": "AWS Connect",
    "CompanyId": "{customer.name}",
    "Environment": "prod",
    "TimeStamp": "{shown["TimeStamp"]}",
    "SourceType": "ADMIN",
    "SourceUserId": "mike.mars",
    "ActivityAction": "UPD",
    "ActivityType": "WORKCODES",
    "ActionTarget": "Promised to Pay",
    "ActionDetails": ""
}}"""
    )
    # A name may be a person's. Its hash still keeps one object's history in order.
    assert re.fullmatch(r"workcode#[0-9a-f]{64}", record["PartitionKey"])


def test_a_test_says_what_happened(local_daybook: LocalDaybook) -> None:
    """While the stream exists, and after it is deleted."""
    customer = Customer(local_daybook)
    told = customer.test_stream().json()
    assert (told["delivered"], told["error"]) == (True, None)
    assert json.loads(next(customer.records())["Data"])["id"] == told["event_id"]
    customer.delete_stream()
    told = customer.test_stream().json()
    assert (told["delivered"], told["error"]) == (False, "ResourceNotFoundException")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_producer_may_not_touch_it(local_daybook: LocalDaybook, method: str) -> None:
    customer = Customer(local_daybook)
    key = local_daybook.operations.post(
        f"/v1/tenants/{customer.name}/keys", json={"role": "producer", "environment": "prod", "label": "p"}
    ).json()["key"]
    assert local_daybook.client(key).request(method, "/v1/settings/stream").status_code == 403


def test_a_replay_sends_the_same_records_again(local_daybook: LocalDaybook) -> None:
    """The replay is a job that shows its progress."""
    customer = Customer(local_daybook)
    sent = [customer.send() for _ in range(5)]
    assert sorted(customer.received(5)) == sorted(sent)
    job = customer.replay()
    assert sorted(customer.received(5)) == sorted(sent)
    customer.ends(job, status="succeeded", processed=5, progress=1.0)
