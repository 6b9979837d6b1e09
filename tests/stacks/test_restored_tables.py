"""Restored tables take the place of the stack's own by settings, without CloudFormation's refusing the change."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from infra.local.template import Templates, of_type
from infra.names import SERVICE, STORAGE
from tests.stacks.conftest import OTHER
from tests.support.templates import Stack

STAGE = OTHER["stage"]
TABLES = ("EventsTable", "IdentitiesTable", "ControlTable", "CredentialsTable", "LedgerTable")
VARIABLES = {
    "EVENTS_TABLE": OTHER["events_table"],
    "IDENTITIES_TABLE": OTHER["identities_table"],
    "CONTROL_TABLE": OTHER["control_table"],
    "CREDENTIALS_TABLE": OTHER["credentials_table"],
    "LEDGER_TABLE": OTHER["ledger_table"],
}


def exports(template: dict[str, Any]) -> dict[str, str]:
    """What a stack exports, by the export's name without the stage. Each value is the resource that it is of."""
    return {
        output["Export"]["Name"].replace(f"-{STAGE}", ""): str(output["Value"])
        for output in template["Outputs"].values()
        if "Export" in output
    }


def imports(part: Any) -> Iterator[str]:
    match part:
        case {"Fn::ImportValue": str(name)}:
            yield name.replace(f"-{STAGE}", "")
        case dict():
            for each in part.values():
                yield from imports(each)
        case list():
            for each in part:
                yield from imports(each)


def test_the_service_can_be_deployed_first(other: Templates, synthesised: Templates) -> None:
    """It imports nothing of the tables that are replaced, and nothing that the storage stack does not export already.
    CloudFormation refuses to change or remove an export that another stack imports.
    """
    used = {*imports(other[f"{SERVICE}-{STAGE}"])}
    before = exports(synthesised[STORAGE])
    assert used <= before.keys()
    replaced = {name for name, value in before.items() if re.search(rf"({'|'.join(TABLES)})[0-9A-F]{{8}}", value)}
    assert len(replaced) >= len(TABLES)
    assert not used & replaced
    assert replaced & {*imports(synthesised[SERVICE])}


def test_the_functions_use_the_restored_tables_alone(other: Templates) -> None:
    """Their variables, their roles and the fan-out's mapping name them, and the operators' outputs too."""
    service = other[f"{SERVICE}-{STAGE}"]
    found: dict[str, set[str]] = {}
    for function in of_type({"": service}, "AWS::Lambda::Function").values():
        for name, value in function.get("Environment", {"Variables": {}})["Variables"].items():
            if name in VARIABLES:
                found.setdefault(name, set()).add(value)
    assert found == {name: {value} for name, value in VARIABLES.items()}
    sources = [each["EventSourceArn"] for each in of_type({"": service}, "AWS::Lambda::EventSourceMapping").values()]
    assert OTHER["events_stream_arn"] in sources
    granted = json.dumps(of_type({"": service}, "AWS::IAM::Policy"))
    assert all(f":table/{name}" in granted for name in VARIABLES.values())
    stack = Stack(f"{STORAGE}-{STAGE}", other)
    assert [stack.output(table) for table in TABLES] == list(VARIABLES.values())


@pytest.mark.parametrize("table", TABLES)
def test_the_table_that_was_in_use_stays(other: Templates, synthesised: Templates, table: str) -> None:
    """Under the same logical id: CloudFormation neither replaces it nor takes it for a new one."""
    before, after = (
        of_type({"": each}, "AWS::DynamoDB::Table") for each in (synthesised[STORAGE], other[f"{STORAGE}-{STAGE}"])
    )
    (logical_id,) = (name for name in before if name.startswith(table))
    assert logical_id in after


def test_every_table_and_index_has_the_maxima_that_are_set(other: Templates, synthesised: Templates) -> None:
    """There are none by default. DynamoDB applies them to a table and to each index by itself.

    The table of limits has none: whoever has no key could use them up, and so switch off what limits tenants.
    """
    for templates, maxima in (
        (synthesised, {None}),
        (other, {(OTHER["max_read_units"], OTHER["max_write_units"])}),
    ):
        found: dict[bool, set[Any]] = {True: set(), False: set()}
        for name, table in of_type(templates, "AWS::DynamoDB::Table").items():
            for each in (table, *table.get("GlobalSecondaryIndexes", ())):
                units = each.get("OnDemandThroughput")
                of_limits = found[name.startswith("Limits")]
                of_limits.add(units and (units["MaxReadRequestUnits"], units["MaxWriteRequestUnits"]))
        assert found == {False: maxima, True: {None}}
