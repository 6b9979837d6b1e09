"""The settings of a deployment: what they change in the templates, and what is refused."""

from pathlib import Path

import pytest

from infra.deployment import SERVICE, synthesise
from infra.settings import InvalidSetting


def test_an_address_is_told_of_alarms(tmp_path: Path) -> None:
    """It is the topic's only subscription. Without the setting there is none."""
    template = synthesise(tmp_path, {"asset": "source", "alarm_email": "on-call@example.com"})[SERVICE]
    kinds = [each for each in template["Resources"].values() if each["Type"] == "AWS::SNS::Subscription"]
    assert [(each["Properties"]["Protocol"], each["Properties"]["Endpoint"]) for each in kinds] == [
        ("email", "on-call@example.com")
    ]


@pytest.mark.parametrize("wrong", ["", "on-call", "a@example.com, b@example.com", 7])
def test_a_wrong_setting_says_which_and_why(tmp_path: Path, wrong: object) -> None:
    with pytest.raises(InvalidSetting, match="alarm_email must be one e-mail address"):
        synthesise(tmp_path, {"asset": "source", "alarm_email": wrong})
