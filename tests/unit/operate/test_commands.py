"""What all commands of operators have in common."""

import importlib
from pathlib import Path

import pytest

from infra.operate.aws import region_of_settings
from tests.support.places import ROOT

COMMANDS = sorted(
    path.stem for path in (ROOT / "infra" / "operate").glob("*.py") if "\ndef main(" in path.read_text("utf-8")
)


def test_there_are_commands() -> None:
    assert {"deploy", "rotate_keys", "try_alarm"} <= {*COMMANDS}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_takes_a_region_and_a_profile(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """As the CDK does."""
    with pytest.raises(SystemExit):
        importlib.import_module(f"infra.operate.{name}").main(["--help"])
    shown = capsys.readouterr().out
    assert "--region REGION" in shown
    assert "--profile PROFILE" in shown


def test_the_region_is_that_of_the_deployment(tmp_path: Path) -> None:
    """Where cdk.json names one, a command speaks to it without an option."""
    file = tmp_path / "cdk.json"
    file.write_text('{"app": "x"}')
    assert region_of_settings(file) is None
    file.write_text('{"app": "x", "context": {"region": "eu-central-1"}}')
    assert region_of_settings(file) == "eu-central-1"
