"""What all commands of operators have in common."""

import importlib
import re
from pathlib import Path

import pytest

from infra.operate.aws import region_of_settings, stage_of_settings
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


STACKS = {"escrow_secret", "operators_keys", "redrive", "set_up_canary", "try_alarm"}
"""The commands that look at the stacks."""


def test_stacks_are_chosen_by_their_stage(capsys: pytest.CaptureFixture[str]) -> None:
    """No command takes the name of a stack, so none can mix the stacks of two stages."""
    taking = set()
    for name in COMMANDS:
        with pytest.raises(SystemExit):
            importlib.import_module(f"infra.operate.{name}").main(["--help"])
        shown = capsys.readouterr().out
        assert not re.search(r"--(stack|storage|service)\b", shown)
        if "--stage STAGE" in shown:
            taking.add(name)
    assert taking == STACKS


def test_the_region_and_the_stage_are_those_of_the_deployment(tmp_path: Path) -> None:
    """Where cdk.json names them, a command speaks to it without an option."""
    file = tmp_path / "cdk.json"
    file.write_text('{"app": "x"}')
    assert (region_of_settings(file), stage_of_settings(file)) == (None, "live")
    file.write_text('{"app": "x", "context": {"region": "eu-central-1", "stage": "trial"}}')
    assert (region_of_settings(file), stage_of_settings(file)) == ("eu-central-1", "trial")
