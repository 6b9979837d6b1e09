"""A function's settings: its environment, read once and whole."""

import pytest

from daybook.environment import AuthorizeSettings, MissingSettings, Settings

ENVIRONMENT = {
    "EVENTS_TABLE": "events",
    "IDENTITIES_TABLE": "identities",
    "CONTROL_TABLE": "control",
    "CREDENTIALS_TABLE": "credentials",
    "LIMITS_TABLE": "limits",
    "SECRET_ARN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:s",
}


def test_each_field_is_its_variable_in_upper_case() -> None:
    """Settings take what they name and leave the rest of the environment alone."""
    assert Settings.from_environment({**ENVIRONMENT, "PATH": "/bin"}) == Settings(
        events_table="events",
        identities_table="identities",
        control_table="control",
        secret_arn=ENVIRONMENT["SECRET_ARN"],
        limits_table="limits",
    )
    assert AuthorizeSettings.from_environment(ENVIRONMENT) == AuthorizeSettings(
        credentials_table="credentials", limits_table="limits"
    )


def test_a_missing_variable_is_named() -> None:
    """A function deployed without a variable, or with an empty one, says which."""
    environment = {**ENVIRONMENT, "IDENTITIES_TABLE": ""}
    del environment["SECRET_ARN"]
    with pytest.raises(MissingSettings, match=r"^not set: IDENTITIES_TABLE, SECRET_ARN$"):
        Settings.from_environment(environment)


def test_without_more_the_process_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read when asked for, not when the module is imported."""
    monkeypatch.setenv("CREDENTIALS_TABLE", "credentials-of-this-process")
    monkeypatch.setenv("LIMITS_TABLE", "limits")
    assert AuthorizeSettings.from_environment().credentials_table == "credentials-of-this-process"
