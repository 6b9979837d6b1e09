"""Searches go on over a rotation of the keys, whichever instance of the function answers a page."""

from typing import Any

import msgspec
import pytest

from daybook.aws.wiring import Tables
from daybook.clock import DAY, HOUR, MINUTE
from daybook.crypto.generations import NOTICE_MS, read_secret
from daybook.crypto.keys import DeploymentKeys
from infra.operate.rotate_keys import rotated
from tests.support.calls import answered
from tests.support.ingest import SECRET
from tests.support.tenant_log import Reader, TenantLog, problem_of

PERMANENT = SECRET.hex().encode()


class Instances:
    """A function that has run since before the rotations, and one that has just started."""

    def __init__(self, log: TenantLog) -> None:
        self.log = log
        self.secret = PERMANENT
        self.warm = log.reader(keys=self.keys())

    def keys(self) -> DeploymentKeys:
        return DeploymentKeys(self.secret, lambda: self.secret, lambda: self.log.now)

    def fresh(self) -> Reader:
        return self.log.reader(keys=self.keys())

    def rotate(self) -> None:
        self.secret = msgspec.json.encode(rotated(read_secret(self.secret), (), self.log.now, lambda: "s" * 64))


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> TenantLog:
    log = TenantLog(dynamodb, tables)
    log.sent(*({"actor": {"type": "user", "username": name}} for name in ("kim", "ana", "zoe", "bo", "lee", "max")))
    return log


@pytest.mark.parametrize("sort", ["-occurred_at", "actor"])
def test_every_page_comes_over_a_rotation(log: TenantLog, sort: str) -> None:
    """Before it, while it is announced, at its moment, and until the cursor's day is over; each event once."""
    instances = Instances(log)
    query = {"activity": "document.updated", "sort": sort, "limit": "1"}
    page = answered(instances.warm(query=query))
    shown = [page["events"][0]["actor"]["username"]]
    instances.rotate()
    for number, wait in enumerate((0, MINUTE, NOTICE_MS - MINUTE, HOUR, DAY - HOUR - NOTICE_MS)):
        log.now += wait
        reader = instances.warm if number % 2 else instances.fresh()
        page = answered(reader(query={**query, "cursor": page["next_cursor"]}))
        shown.append(page["events"][0]["actor"]["username"])
    assert len(shown) == len(set(shown)) == 6
    assert sort != "actor" or shown == sorted(shown)


def test_a_key_that_was_replaced_gives_no_search_after_its_day(log: TenantLog) -> None:
    """Whoever has an old key can't make a cursor of it."""
    instances = Instances(log)
    instances.rotate()
    log.now += NOTICE_MS + DAY + MINUTE + 1
    thief = log.reader(keys=DeploymentKeys(PERMANENT))
    query = {"activity": "document.updated", "limit": "1"}
    forged = {**query, "cursor": answered(thief(query=query))["next_cursor"]}
    assert problem_of(instances.warm(query=forged)) == (400, "cursor_mismatch")
    assert problem_of(instances.fresh()(query=forged)) == (400, "cursor_mismatch")
