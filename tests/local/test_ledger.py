"""The ledger of local Daybook: what is stored is appended, by the stream and by the queue of what had to wait."""

import json
import os
import time
from collections.abc import Callable
from typing import Any

import pytest

from daybook.aws.control_table.tenants import ControlTable
from daybook.aws.ledger_table.appends import AppendTable
from daybook.aws.ledger_table.registry import LogTable
from daybook.ids import lowest_id
from daybook.ledger.log import Appends
from daybook.ledger.logs import Log, LogKey, new_log
from daybook.tenant import Tenant
from tests.support.running_daybook import LocalDaybook, make_tenant

MAX_SECONDS = 60
TENANT = "sealed"


def until(look: Callable[[], Any]) -> Any:
    """What it finds at last."""
    end = time.monotonic() + MAX_SECONDS
    while not (found := look()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


class House:
    """A tenant with events, and its log."""

    def __init__(self, local_daybook: LocalDaybook) -> None:
        self.dynamodb, self.aws = local_daybook.aws("dynamodb"), local_daybook.aws
        names = self.dynamodb.list_tables()["TableNames"]
        self.events, self.ledger, control = (
            next(name for name in names if f"{kind}Table" in name) for kind in ("Events", "Ledger", "Control")
        )
        self._operations = local_daybook.operations
        assert make_tenant(self._operations, TENANT).status_code == 201
        self._operations.headers["Daybook-Tenant"] = TENANT
        settings = ControlTable(self.dynamodb, control).settings(Tenant(TENANT))
        self.code, self.key = settings.code, LogKey(settings.environment_key("prod"), "all")

    @property
    def appends(self) -> Appends:
        """Which remembers nothing."""
        return AppendTable(self.dynamodb, self.ledger)

    @property
    def log(self) -> Log:
        log: Log = until(lambda: LogTable(self.dynamodb, self.ledger).current(self.key))
        return log

    def send(self) -> dict[str, str]:
        """An event's id and its leaf."""
        event = {"activity": "document.updated", "actor": {"type": "user", "username": "mike.mars"}}
        answer = self._operations.post("/v1/events", json=event)
        assert answer.status_code == 201, answer.text
        (result,) = answer.json()["results"]
        return {result["id"]: result["leaf"]}

    def leaves(self) -> dict[str, str]:
        """Of each entry."""
        return {entry.id: entry.leaf.hex() for _, entry in self.appends.read(self.log, 0, 10**6)}


@pytest.fixture(scope="module")
def house(local_daybook: LocalDaybook) -> House:
    return House(local_daybook)


def test_what_is_stored_is_appended(house: House) -> None:
    """With the leaf that the sender was answered."""
    sent = {**house.send(), **house.send(), **house.send()}
    until(lambda: house.leaves().keys() >= sent.keys())
    assert sent.items() <= house.leaves().items()


def test_a_record_that_is_no_event_is_kept(house: House) -> None:
    """Somebody with rights of their own wrote an item into the table. Others' events go on."""
    item = [{"S": f"{house.code}#0#0"}, {"S": lowest_id(1)}, {"B": b"\1nonsense"}, {"S": "a"}]
    statement = f"INSERT INTO \"{house.events}\" VALUE {{'pk': ?, 'sk': ?, 'z': ?, 'by_actor': ?}}"
    (answer,) = house.dynamodb.batch_execute_statement(Statements=[{"Statement": statement, "Parameters": item}])[
        "Responses"
    ]
    assert "Error" not in answer
    sent = house.send()
    until(lambda: house.leaves().keys() >= sent.keys())
    s3 = house.aws("s3")
    (bucket,) = [each["Name"] for each in s3.list_buckets()["Buckets"] if "failedbatches" in each["Name"]]
    kept = until(lambda: s3.list_objects_v2(Bucket=bucket, Prefix="poison/").get("Contents"))
    records = [json.loads(s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read()) for each in kept]
    assert lowest_id(1) in [record["dynamodb"]["NewImage"]["sk"]["S"] for record in records]


def test_what_had_to_wait_is_appended_later(house: House) -> None:
    """A new log has begun, which lacks what was sent; the queue brings the keys. A second message appends nothing."""
    sent = house.send()
    until(lambda: house.leaves().keys() >= sent.keys())
    begun = new_log(house.key, "daybook", 0, os.urandom, house.log)
    assert LogTable(house.dynamodb, house.ledger).begin(begun) == begun == house.log
    assert not house.leaves()
    sqs = house.aws("sqs")
    (url,) = [url for url in sqs.list_queues()["QueueUrls"] if "AppendParkedQueue" in url and "Dead" not in url]
    keys = [[f"{house.code}#0#0", identifier] for identifier in sent]
    for _ in range(2):
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(keys))
        until(lambda: house.leaves().keys() >= sent.keys())
        until(lambda: not any(map(int, waiting(sqs, url))))
        assert house.leaves() == sent


def waiting(sqs: Any, url: str) -> list[str]:
    """How many messages wait, and how many a function has."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    return list(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"].values())
