"""A function that reads for one tenant can't read for another, whatever keys its code builds."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError

from infra import ROOT
from infra.local.aws.cloudformation import access_key
from infra.local.gateway.api import ACCOUNT
from tests.support.calls import authorized, call
from tests.support.places import LAMBDAS
from tests.support.running_daybook import LocalDaybook, make_tenant, running_daybook

OURS, THEIRS = "session-ours", "session-theirs"

PLANTED = """
import importlib, json, sys
from query.handler import handler
from tests.support.calls import Context
for module, function, key, call in json.loads(sys.argv[1]):
    home = importlib.import_module(module)
    right = getattr(home, function)
    for used in (lambda *_, **__: key, right):
        setattr(home, function, used)
        print(json.dumps(handler(call, Context())))
"""
"""Answers each call as the function `query` does: with a function in it that always gives the same key, then without.
It prints the log's lines before each answer.
"""


class TwoTenants(NamedTuple):
    """A local Daybook in which two tenants have one event each."""

    daybook: LocalDaybook
    codes: dict[str, str]
    events: dict[str, str]

    @property
    def role(self) -> str:
        return str(self.function("query.handler")["Environment"]["Variables"]["READER_ROLE_ARN"])

    def function(self, name: str) -> dict[str, Any]:
        functions = self.daybook.aws("lambda").list_functions()["Functions"]
        (found,) = (each for each in functions if each["Handler"].startswith(f"{name}."))
        return dict(found)

    def assume(self, function: str = "query.handler", *tags: tuple[str, str]) -> dict[str, Any]:
        answer: dict[str, Any] = self.daybook.aws(
            "sts", access_key(self.function(function)["FunctionName"])
        ).assume_role(
            RoleArn=self.role, RoleSessionName="any", Tags=[{"Key": key, "Value": value} for key, value in tags]
        )
        return answer

    def reader(self, tenant: str) -> Any:
        """A client with the session that the function has for this tenant."""
        session = self.assume("query.handler", ("tenant", self.codes[tenant]))
        return self.daybook.aws("dynamodb", session["Credentials"]["AccessKeyId"])

    def table(self, name: str) -> str:
        return str(self.function("query.handler")["Environment"]["Variables"][f"{name}_TABLE"])

    def answered(self, bugs: Sequence["Bug"]) -> list[str]:
        """What `PLANTED` prints, for an auditor of ours."""
        planted = []
        for bug in bugs:
            identifier = {"event_id": self.events[OURS]} if "{event_id}" in bug.path else None
            asked = call("GET", bug.path, parameters=identifier, authorizer=authorized("auditor", OURS))
            asked["multiValueQueryStringParameters"] = {name: [value] for name, value in bug.query.items()}
            planted.append((bug.module, bug.function, bug.key.format(self.codes[THEIRS]), asked))
        query = self.function("query.handler")
        ran = subprocess.run(  # noqa: S603  our own program
            [sys.executable, "-c", PLANTED, json.dumps(planted)],
            check=False,
            capture_output=True,
            text=True,
            env={
                **os.environ,
                **query["Environment"]["Variables"],
                "AWS_ENDPOINT_URL": self.daybook.aws_url,
                "AWS_ACCESS_KEY_ID": access_key(query["FunctionName"]),
                "PYTHONPATH": f"{ROOT}:{LAMBDAS}",
            },
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.splitlines()


class Bug(NamedTuple):
    path: str
    query: dict[str, str]
    module: str
    function: str
    """What it replaces."""
    key: str
    """What it gives: a key of the other tenant."""
    action: str
    table: str


BUGS = [
    Bug("/v1/events", {}, "daybook.search.planner", "partition", "{}#0#0", "Query", "EVENTS"),
    Bug("/v1/events", {"activity": "a.b"}, "daybook.search.planner", "partition", "{}#0#0", "Query", "EVENTS"),
    Bug("/v1/events/{event_id}", {}, "daybook.search.one_event", "partition_of", "{}#0#0", "BatchGetItem", "EVENTS"),
    Bug("/v1/events", {"actor": "x"}, "daybook.tenants.settings", "environment_key", "{}#0", "", "IDENTITIES"),
]
"""In the timeline, in an index, in the read of one event, and in the reads of people."""


@pytest.fixture(scope="module", params=["moto", pytest.param("dynamodb-local", marks=pytest.mark.long)])
def two(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoTenants]:
    if request.param == "moto":
        yield built_in(request.getfixturevalue("local_daybook"))
    else:
        with running_daybook(tmp_path_factory.mktemp("sessions"), DAYBOOK_STORE=request.param) as daybook:
            yield built_in(daybook)


def built_in(daybook: LocalDaybook) -> TwoTenants:
    events = {}
    with daybook.operations as operations:
        for tenant in (OURS, THEIRS):
            assert make_tenant(operations, tenant).status_code == 201
            sent = operations.post(
                "/v1/events",
                json={"activity": "a.b", "actor": {"type": "user", "username": f"{tenant}.anna"}},
                headers={"Daybook-Tenant": tenant},
            )
            events[tenant] = sent.json()["results"][0]["id"]
    two = TwoTenants(daybook, {}, events)
    for page in two.daybook.aws("dynamodb").get_paginator("scan").paginate(TableName=two.table("EVENTS")):
        for item in page["Items"]:
            two.codes.update(
                {tenant: item["pk"]["S"][:6] for tenant, event in events.items() if item["sk"]["S"] == event}
            )
    return two


def test_a_bug_that_builds_another_tenants_key_is_refused(two: TwoTenants) -> None:
    """By IAM, with AWS's own error, which the function logs. The caller learns nothing but that it failed. The same
    calls succeed without the bug.
    """
    lines = iter(two.answered(BUGS))
    for bug in BUGS:
        log, answer = _next(lines)
        assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (500, "internal_error"), log
        assert two.events[THEIRS] not in answer["body"]
        session = f"assumed-role/{two.role.rpartition('/')[2]}/tenant-{two.codes[OURS]}"
        assert f"{session} is not authorized to perform: dynamodb:{bug.action}" in log
        assert f":{ACCOUNT}:table/{two.table(bug.table)}" in log
        assert "because no identity-based policy allows the dynamodb:" in log
        log, answer = _next(lines)
        assert answer["statusCode"] == 200, log


def _next(lines: Iterator[str]) -> tuple[str, dict[str, Any]]:
    """The log up to the next answer, and the answer."""
    log: list[str] = []
    for line in lines:
        printed = json.loads(line)
        if "statusCode" in printed:
            return "\n".join(log), printed
        log.append(line)
    raise AssertionError("there is no answer")


def forbidden_reads(two: TwoTenants) -> Iterator[tuple[str, dict[str, Any]]]:
    """What a session of ours must not be able to do."""
    events, theirs = two.table("EVENTS"), f"{two.codes[THEIRS]}#0"
    key = {"pk": {"S": f"{theirs}#0"}, "sk": {"S": two.events[THEIRS]}}
    mine = {"pk": {"S": f"{two.codes[OURS]}#0#0"}, "sk": {"S": two.events[OURS]}}
    yield "query", of_partition(events, "pk", f"{theirs}#0")
    for index, value in (("by_activity", f"{theirs}#0#a.b"), ("by_actor", f"{theirs}#0#system")):
        yield "query", {"IndexName": index, **of_partition(events, index, value)}
    yield "query", of_partition(two.table("IDENTITIES"), "pk", theirs)
    yield "batch_get_item", {"RequestItems": {events: {"Keys": [key]}}}
    yield "batch_get_item", {"RequestItems": {events: {"Keys": [mine, key]}}}
    # Without a partition, which a condition `ForAllValues` alone would let pass.
    yield "query", {"TableName": events}
    yield "scan", {"TableName": events}
    yield "scan", {"TableName": events, "IndexName": "by_actor"}
    yield "execute_statement", {"Statement": f'SELECT * FROM "{events}"'}  # noqa: S608  it is refused
    # Not even of its own partition.
    yield "get_item", {"TableName": events, "Key": mine}
    yield "put_item", {"TableName": events, "Item": mine}
    yield "query", of_partition(two.table("CONTROL"), "pk", two.codes[OURS])


def of_partition(table: str, key: str, value: str) -> dict[str, Any]:
    return {
        "TableName": table,
        "KeyConditionExpression": "#key = :key",
        "ExpressionAttributeNames": {"#key": key},
        "ExpressionAttributeValues": {":key": {"S": value}},
    }


def test_a_session_reads_the_partitions_of_its_tenant_and_nothing_else(two: TwoTenants) -> None:
    reader, events, code = two.reader(OURS), two.table("EVENTS"), two.codes[OURS]
    found = reader.query(**of_partition(events, "pk", f"{code}#0#0"))["Items"]
    assert two.events[OURS] in [item["sk"]["S"] for item in found]
    by_activity = reader.query(IndexName="by_activity", **of_partition(events, "by_activity", f"{code}#0#0#a.b"))
    assert [item["sk"]["S"] for item in by_activity["Items"]] == [two.events[OURS]]
    for operation, arguments in forbidden_reads(two):
        with pytest.raises(ClientError) as refused:
            getattr(reader, operation)(**arguments)
        assert refused.value.response["Error"]["Code"] == "AccessDeniedException", (operation, arguments)


def test_a_function_that_reads_for_tenants_reads_nothing_by_itself(two: TwoTenants) -> None:
    """So a call that was made without a session fails, whomever it is about."""
    for function in ("query.handler", "exports.worker_handler", "exports.api_handler"):
        own = two.daybook.aws("dynamodb", access_key(two.function(function)["FunctionName"]))
        for table in ("EVENTS", "IDENTITIES"):
            with pytest.raises(ClientError, match="not authorized to perform: dynamodb:Query"):
                own.query(**of_partition(two.table(table), "pk", f"{two.codes[OURS]}#0"))


def test_a_session_needs_the_tag_of_one_tenant_and_a_function_that_reads(two: TwoTenants) -> None:
    """The role's trust policy refuses all else."""
    ours = ("tenant", two.codes[OURS])
    for function in ("query.handler", "exports.worker_handler", "exports.api_handler"):
        assert two.assume(function, ours)["Credentials"]
    refused: list[tuple[str, list[tuple[str, str]]]] = [
        ("query.handler", []),
        ("query.handler", [("tenant", "")]),
        ("query.handler", [("tenant", "ABC")]),
        ("query.handler", [("Tenants", two.codes[OURS])]),
        ("query.handler", [ours, ("another", "tag")]),
        ("tenants.handler", [ours]),
        ("ingest.handler", [ours]),
    ]
    for function, tags in refused:
        with pytest.raises(ClientError) as denied:
            two.assume(function, *tags)
        assert denied.value.response["Error"]["Code"] == "AccessDenied", (function, tags)
