"""The runbook has every alarm and every metric by its name, and says what to do."""

import re

from daybook import observability
from tests.support.documents import text_of
from tests.support.places import ROOT
from tests.support.templates import Stack

RUNBOOK = ROOT / "docs" / "operations" / "alarms.md"


def test_the_runbook_has_every_alarm(service: Stack) -> None:
    """By its own name, or by that of its function and of what is counted of every function."""
    named = {*re.findall(r"`…?(\w+)`", text_of(RUNBOOK))}
    alarms = service.properties("AWS::CloudWatch::Alarm")
    assert len(alarms) > 30
    for alarm in alarms:
        name = alarm.removeprefix("Monitoring")
        of_function = re.fullmatch(r"(\w+)(Errors|Throttles)", name)
        assert name in named or (of_function and {*of_function.groups()} <= named), alarm


def test_the_runbook_has_every_metric() -> None:
    """Each constant of the module is the name of one, but for the namespace's."""
    metrics = {value for name, value in vars(observability).items() if name.isupper() and isinstance(value, str)}
    table = text_of(RUNBOOK).partition("## Metrics")[2].partition("## ")[0]
    first_column = "".join(re.findall(r"^\| ([^|]+)", table, re.MULTILINE))
    assert {*re.findall(r"`(\w+)`", first_column)} == metrics - {observability.NAMESPACE}
