"""The templates in the form that the emulator's stores receive."""

import json
import stat
from pathlib import Path

import pytest

from daybook.access.api_keys import parse
from infra.local.aws.cloudformation import adapted, tables, times_to_live
from infra.local.aws.persistence import random_secret, stored_key, stored_secret
from infra.local.template import Templates, hashes, table_definitions, templates

SECRET = {"GenerateSecretString": {"PasswordLength": 64}}


def test_a_kept_template_is_used_until_its_sources_change(tmp_path: Path) -> None:
    """The content of the sources decides, not their times."""
    sources = hashes(["infra/stacks/storage.py", "aws-cdk-lib"])
    (tmp_path / "templates.json").write_text(json.dumps({"sources": sources, "templates": {"Kept": {}}}))
    assert templates(tmp_path) == {"Kept": {}}


@pytest.mark.long
@pytest.mark.nightly
def test_a_changed_source_makes_a_kept_template_stale(tmp_path: Path) -> None:
    """So does a source that is gone or another version of the CDK. Then it is synthesised again."""
    stale = {"infra/stacks/storage.py": "another hash", "infra/gone.py": "any", "aws-cdk-lib": "1.0"}
    (tmp_path / "templates.json").write_text(json.dumps({"sources": stale, "templates": {"Kept": {}}}))
    assert set(templates(tmp_path)) == {"DaybookStorage", "DaybookService"}
    kept = json.loads((tmp_path / "templates.json").read_text())
    assert kept["sources"] == hashes(kept["sources"])
    assert {"infra/stacks/storage.py", "lambdas/daybook/http/routes.py", "aws-cdk-lib"} <= set(kept["sources"])


def test_tables_are_those_of_the_template(synthesised: Templates) -> None:
    """With their indexes and streams. Each name is the same at every start."""
    assert len(tables(synthesised)) == len(table_definitions(synthesised)) == 6
    (events,) = (each for name, each in tables(synthesised).items() if "Events" in name)
    assert events["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert len(events["GlobalSecondaryIndexes"]) == 4
    assert set(times_to_live(synthesised).values()) == {"expires_at"}


def test_references_to_a_secret_become_its_arn() -> None:
    """CloudFormation in moto makes no secrets. The template's other references do not change."""
    template = {
        "Resources": {
            "Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": SECRET},
            "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {"Tags": [{"Value": {"Ref": "Secret"}}]}},
        },
        "Outputs": {"Secret": {"Value": {"Ref": "Secret"}}, "Table": {"Value": {"Ref": "Table"}}},
    }
    assert adapted("Stack", template, {"Secret": "arn:secret"}) == {
        "Resources": {
            "Table": {
                "Type": "AWS::DynamoDB::Table",
                "Properties": {"Tags": [{"Value": "arn:secret"}], "TableName": "Stack-Table"},
            }
        },
        "Outputs": {"Secret": {"Value": "arn:secret"}, "Table": {"Value": {"Ref": "Table"}}},
    }


def test_a_secret_is_as_long_as_the_template_wants_it() -> None:
    """And different each time."""
    one, other = random_secret(SECRET), random_secret(SECRET)
    assert len(one) == len(other) == 64
    assert one != other


def test_what_is_kept_stays_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    """The secret and the generated key are in files that only their owner can read."""
    assert stored_secret(tmp_path, SECRET) == stored_secret(tmp_path, SECRET)
    assert parse(stored_key(tmp_path).credential) == stored_key(tmp_path)
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o600}
