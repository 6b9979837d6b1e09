"""Local Daybook without work: it uses hardly any CPU, and still notices new work at once."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from tests.local.test_streams import Customer
from tests.support.running_daybook import LocalDaybook, descendants, running_daybook

SETTLING_SECONDS = 14  # until Java has compiled, and the signer has started at its first tick, after ten seconds
SECONDS = 20
MAX_OF_A_CORE = 0.05  # two readers of the stream take 0.020 to 0.028; a function that a tick starts adds 0.01 once
NOTICED_SECONDS = 2.0


def cpu_seconds(process: int) -> float:
    """The CPU time that the process has used so far in all of its threads."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux tells a process's CPU time by a file")
@pytest.mark.parametrize("store", ["moto", pytest.param("dynamodb-local", marks=pytest.mark.nightly)])
def test_it_leaves_the_machine_alone(tmp_path: Path, store: str) -> None:
    """All of its processes together, including the store's engine."""
    with running_daybook(tmp_path, DAYBOOK_STORE=store) as local_daybook:
        processes = [local_daybook.process.pid, *descendants(local_daybook.process.pid)]
        time.sleep(SETTLING_SECONDS)
        before = sum(map(cpu_seconds, processes))
        time.sleep(SECONDS)
        used = sum(map(cpu_seconds, processes)) - before
    assert used <= MAX_OF_A_CORE * SECONDS


def test_an_item_that_comes_from_outside_is_noticed(local_daybook: LocalDaybook) -> None:
    """A copy of an event that is inserted through the AWS port, in another shard, is delivered as well. Nobody could
    remove the event first: the table's policy denies it.
    """
    customer = Customer(local_daybook)
    sent = customer.send()
    assert customer.received(1) == [sent]
    dynamodb = local_daybook.aws("dynamodb")
    table, item = find(dynamodb, sent)
    time.sleep(NOTICED_SECONDS)  # until local Daybook is idle again
    copy = {**item, "pk": {"S": f"{item['pk']['S'].rpartition('#')[0]}#7"}}
    fields = ", ".join(f"'{name}': ?" for name in copy)
    insert = f'INSERT INTO "{table}" VALUE {{{fields}}}'
    dynamodb.batch_execute_statement(Statements=[{"Statement": insert, "Parameters": list(copy.values())}])
    put = time.monotonic()
    assert customer.received(1) == [sent]
    assert time.monotonic() - put < NOTICED_SECONDS


def find(dynamodb: Any, event_id: str) -> tuple[str, Any]:
    """The table and the item of an event."""
    for table in dynamodb.list_tables()["TableNames"]:
        for page in dynamodb.get_paginator("scan").paginate(TableName=table):
            for item in page["Items"]:
                if item["sk"]["S"] == event_id:
                    return table, item
    raise LookupError(event_id)


def test_a_message_that_comes_from_outside_is_noticed(local_daybook: LocalDaybook) -> None:
    """The function finds no such job, so the message is handled."""
    sqs = local_daybook.aws("sqs")
    (queue,) = (url for url in sqs.list_queues()["QueueUrls"] if "RestampQueue" in url and "Dead" not in url)
    job = {"tenant": "nobody", "kind": "restamp", "job": "01G0KMT0QV00000000000000000000000000", "turn": 1, "id": "1"}
    sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(job))
    sent = time.monotonic()
    waiting = "ApproximateNumberOfMessages"
    while sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=[waiting])["Attributes"][waiting] != "0":
        assert time.monotonic() - sent < NOTICED_SECONDS
