"""The settings of a deployment: what is refused, and what they change in the templates."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from infra.deployment import synthesise
from infra.local.template import Templates, of_type
from infra.settings import DeploymentSettings, InvalidSetting

CERTIFICATE = "arn:aws:acm:eu-central-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
STREAM = "arn:aws:dynamodb:eu-central-1:123456789012:table/Restored/stream/2026-11-26T10:00:00.000"


WRONG: Mapping[str, tuple[str, Sequence[object]]] = {
    "alarm_email": ("one e-mail address", ("", "on-call", "a@example.com, b@example.com", 7)),
    "stage": ("1 to 20 lower-case letters", ("", "Live", "a_b", "1st", "x" * 21, 7)),
    "region": ("the name of a region", ("Frankfurt", "eu-central-1a", "eu")),
    "domain_name": ("a host name", ("https://a.example", "*.example.com", "example", "A.de")),
    "certificate_arn": ("the ARN of a certificate", ("x", CERTIFICATE.replace("acm", "iam"))),
    "create_trail": ("true or false", ("yes", 1, "True", [])),
    "oidc_issuer": ("an https URL", ("http://a.example", "https://a.example?b", "a.example")),
    "waf_rate": ("a whole number from 10 to 2,000,000,000", (9, "9", -1, 1.5, "x", True)),
    "log_retention_days": ("one of 1, 3, 5, 7,", (2, "2", True, "ninety")),
    "log_level": ("one of DEBUG, INFO, WARN", ("ERROR", "warn")),
    "removal_policy": ("one of retain, destroy", ("snapshot", True)),
    "events_table": ("a table's name", ("x", "arn:aws:dynamodb:…", "a b c")),
    "events_stream_arn": ("the ARN of a table's stream", ("Restored", STREAM[:-30])),
    "max_read_units": ("a whole number", (0, "many")),
    "fan_out_window_seconds": ("a whole number from 0 to 300", (301, -1)),
    "budget_dollars": ("a whole number", (0, "10$")),
}
"""What each must be, and what is refused."""


@pytest.mark.parametrize(
    ("name", "must_be", "wrong"),
    [(name, must_be, wrong) for name, (must_be, values) in WRONG.items() for wrong in values],
)
def test_a_wrong_setting_says_which_and_why(name: str, must_be: str, wrong: object) -> None:
    """It names what was given, too."""
    with pytest.raises(InvalidSetting) as refused:
        DeploymentSettings.from_context({name: wrong})
    message = str(refused.value)
    assert message.startswith(f"{name} must be ")
    assert must_be in message
    assert message.endswith(f", not {wrong!r}")


@pytest.mark.parametrize(
    ("context", "says"),
    [
        ({"domain_name": "a.example.com"}, "domain_name needs certificate_arn"),
        ({"certificate_arn": CERTIFICATE}, "certificate_arn needs domain_name"),
        ({"oidc_issuer": "https://a.example.com"}, "oidc_issuer needs oidc_audience"),
        ({"oidc_audience": "daybook"}, "oidc_audience needs oidc_issuer"),
        ({"events_table": "Restored"}, "events_table needs events_stream_arn"),
        ({"events_table": "Other", "events_stream_arn": STREAM}, "the stream of Restored, but events_table is Other"),
        (
            {"domain_name": "a.example.com", "certificate_arn": CERTIFICATE, "region": "us-east-1"},
            "certificate_arn is in eu-central-1, but region is us-east-1",
        ),
        ({"small_account": True, "reserve": True}, "small_account is set"),
        ({"alarm_mail": "on-call@example.com"}, "there is no setting alarm_mail"),
    ],
)
def test_settings_that_contradict_each_other_say_so(context: Mapping[str, Any], says: str) -> None:
    """So does a name that is no setting's."""
    with pytest.raises(InvalidSetting, match=says):
        DeploymentSettings.from_context(context)


def test_the_command_line_gives_text() -> None:
    """`-c waf=true` means what `"waf": true` means in cdk.json. The CDK's own names are left alone."""
    of_file = {"waf": True, "waf_rate": 100, "log_retention_days": 30, "removal_policy": "destroy", "region": None}
    of_line = {"waf": "true", "waf_rate": "100", "log_retention_days": "30", "removal_policy": "destroy"}
    cdks_own = {"@aws-cdk/core:x": True, "aws:cdk:bundling-stacks": [], "acknowledged-issue-numbers": [1]}
    assert DeploymentSettings.from_context(of_file) == DeploymentSettings.from_context(of_line | cdks_own)
    assert DeploymentSettings.from_context({}) == DeploymentSettings()


def test_a_wrong_setting_stops_the_synthesis(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="waf must be"):
        synthesise(tmp_path, {"asset": "source", "waf": "perhaps"})


def test_an_address_is_told_of_alarms(other: Templates) -> None:
    """It is the topic's only subscription. Without the setting there is none."""
    (subscription,) = of_type(other, "AWS::SNS::Subscription").values()
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "on-call@example.com")


def test_a_trial_can_be_deleted(other: Templates) -> None:
    """With `removal_policy` `destroy` nothing is retained and nothing is protected."""
    kept = [
        name
        for template in other.values()
        for name, each in template["Resources"].items()
        if {each.get("DeletionPolicy"), each.get("UpdateReplacePolicy")} - {None, "Delete"}
        or each.get("Properties", {}).get("DeletionProtectionEnabled")
    ]
    assert kept == []
