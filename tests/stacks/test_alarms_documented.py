"""The runbook has every alarm, every change that is told and every metric, and says of each what to do."""

import re

from daybook import observability
from infra.functions import FUNCTIONS, title
from tests.support.documents import text_of
from tests.support.places import ROOT
from tests.support.templates import Stack

RUNBOOK = ROOT / "docs" / "operations" / "runbook.md"


def rows(first: str) -> list[list[str]]:
    """The rows of the tables whose first column has this head."""
    tables = re.findall(rf"^\| {first} \|.*\n\|[-|]+\n((?:\|.*\n)+)", text_of(RUNBOOK), re.MULTILINE)
    return [[cell.strip() for cell in line.strip("|").split("|")] for table in tables for line in table.splitlines()]


def test_the_runbook_has_every_alarm_and_no_other(service: Stack) -> None:
    """Errors and throttles of a function once for all functions, which the page lists."""
    named = {name for row in rows("alarm") for name in re.findall(r"`(…?\w+)`", row[0])}
    every_function = {f"{title(name)}{what}" for name in FUNCTIONS for what in ("Errors", "Throttles")}
    alarms = {name.removeprefix("Monitoring") for name in service.properties("AWS::CloudWatch::Alarm")}
    assert named == alarms - every_function | {"…Errors", "…Throttles"}
    assert every_function <= alarms
    assert {title(name) for name in FUNCTIONS} <= {*re.findall(r"`(\w+)`", text_of(RUNBOOK))}


def test_the_runbook_has_every_change_that_is_told(service: Stack) -> None:
    """The rules on calls that could undo what protects the log."""
    rules = service.properties("AWS::Events::Rule")
    told = {name.removeprefix("Changes") for name in rules if name.startswith("Changes")}
    assert {row[0].strip("`") for row in rows("change")} == told


def test_each_line_says_what_it_means_what_to_look_at_and_what_to_do() -> None:
    """Only an alarm that says all itself leaves out what to look at."""
    for name, means, look, do in rows("alarm") + rows("change"):
        assert means, name
        assert do, name
        assert look or name == "`CanaryNotSetUp`", name


def test_the_runbook_has_every_metric() -> None:
    """Each constant of the module is the name of one, but for the namespace's."""
    metrics = {value for name, value in vars(observability).items() if name.isupper() and isinstance(value, str)}
    assert {name for row in rows("metric") for name in re.findall(r"`(\w+)`", row[0])} == metrics - {
        observability.NAMESPACE
    }
