"""The deployment's secret survives its loss: it is escrowed in a file, and put back from there."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwe
from joserfc.jwk import OctKey

from daybook.crypto.keys import DeploymentKeys
from daybook.tenant import TenantCode
from infra.operate import escrow
from infra.operate.escrow import CannotOpen, new_passphrase, opened, sealed
from infra.operate.escrow_secret import main

SECRET, ANOTHER = "a" * 64, "b" * 64
ROTATED = f'{{"permanent":"{SECRET}","cursors":[{{"number":1,"secret":"{"c" * 64}"}}],"jobs":[{{"number":0}}]}}'


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """One derivation takes a quarter of a second otherwise."""
    monkeypatch.setattr(escrow, "_ITERATIONS", 1_000)


class Deployment:
    """Secrets Manager and CloudFormation of one deployment. moto does not note when a secret is retrieved."""

    def __init__(self, aws: Callable[[str], Any], name: str) -> None:
        self._secrets = aws("secretsmanager")
        self.arn = self._secrets.create_secret(Name=name, SecretString=ANOTHER)["ARN"]
        self._retrieved: datetime | None = None
        self.notes = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._secrets, name)

    @property
    def value(self) -> str:
        return str(self._secrets.get_secret_value(SecretId=self.arn)["SecretString"])

    def set(self, value: str) -> None:
        self._secrets.put_secret_value(SecretId=self.arn, SecretString=value)

    def get_secret_value(self, **asked: Any) -> Any:
        self._retrieved = datetime.now(UTC)
        return self._secrets.get_secret_value(**asked)

    def describe_secret(self, **asked: Any) -> Any:
        described = self._secrets.describe_secret(**asked)
        return described | ({"LastAccessedDate": self._retrieved} if self._retrieved and self.notes else {})

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803  AWS's name
        assert StackName == "DaybookStorage"
        return {"Stacks": [{"Outputs": [{"OutputKey": "SecretArn", "OutputValue": self.arn}]}]}

    def run(self, what: str, file: Path, *more: str, passphrase: str = "") -> int:
        return main([what, "--file", str(file), *more], connect=lambda _: lambda _: self, ask=lambda _: passphrase)


@pytest.fixture
def deployment(aws: Callable[[str], Any]) -> Deployment:
    made = Deployment(aws, "secret")
    made.set(SECRET)
    return made


@pytest.fixture
def anew(aws: Callable[[str], Any]) -> Iterator[Deployment]:
    """A new deployment, whose secret was generated and never retrieved."""
    return Deployment(aws, "new")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "escrow"


@pytest.fixture
def passphrase(deployment: Deployment, file: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Of the file that the deployment's secret is escrowed in."""
    assert deployment.run("write", file) == 0
    return capsys.readouterr().out.strip()


@pytest.mark.parametrize("secret", [SECRET, ROTATED])
def test_a_new_deployment_gets_the_keys_of_the_lost_one(
    deployment: Deployment, anew: Deployment, file: Path, capsys: pytest.CaptureFixture[str], secret: str
) -> None:
    """Every tenant's permanent keys are the same, and so the ids of its events. Rotated keys come along."""
    deployment.set(secret)
    assert deployment.run("write", file) == 0
    passphrase = capsys.readouterr().out.strip()
    assert anew.run("put", file, passphrase=passphrase) == 0
    assert anew.value == secret
    code = TenantCode("ten001")
    assert DeploymentKeys(anew.value.encode()).of(code) == DeploymentKeys(SECRET.encode()).of(code)
    assert anew.run("put", file, passphrase=passphrase) == 0
    assert "Nothing was changed" in capsys.readouterr().out


def test_another_secret_that_was_in_use_is_replaced_only_by_force(
    anew: Deployment, file: Path, passphrase: str, capsys: pytest.CaptureFixture[str]
) -> None:
    anew.get_secret_value(SecretId=anew.arn)
    assert anew.run("put", file, passphrase=passphrase) == 1
    assert anew.value == ANOTHER
    assert "--force" in capsys.readouterr().err
    assert anew.run("put", file, "--force", passphrase=passphrase) == 0
    assert anew.value == SECRET


@pytest.mark.parametrize("notes", [True, False])
def test_a_secret_whose_keys_were_rotated_since_stays(
    *, deployment: Deployment, file: Path, passphrase: str, notes: bool
) -> None:
    """An old file would take away keys that cursors and jobs need. Not even by force, and not where nothing notes that
    a secret is in use.
    """
    deployment.notes = notes
    deployment.set(ROTATED)
    assert deployment.run("put", file, "--force", passphrase=passphrase) == 0
    assert deployment.value == ROTATED


def test_a_check_says_whether_the_file_still_serves(
    deployment: Deployment, file: Path, passphrase: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deployment.run("check", file, passphrase=passphrase) == 0
    for now, says in ((ROTATED, "write a new file"), (ANOTHER, "another secret")):
        deployment.set(now)
        assert deployment.run("check", file, passphrase=passphrase) == 1
        assert says in capsys.readouterr().err


def test_a_file_is_never_overwritten(deployment: Deployment, file: Path, passphrase: str) -> None:
    """It may be the only one that holds a lost secret."""
    before = file.read_bytes()
    assert deployment.run("write", file) == 1
    assert opened(file.read_bytes(), passphrase).decode() == SECRET
    assert file.read_bytes() == before


def test_a_wrong_passphrase_changes_nothing(
    anew: Deployment, file: Path, passphrase: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor does a file that is missing, for which no passphrase is asked, or one that `write` has not made."""
    missing, junk = file.with_name("missing"), file.with_name("junk")
    junk.write_bytes(b"junk")
    for wrong, told in ((file, "does not open with this passphrase"), (junk, "is not a file that `write` has made")):
        assert anew.run("put", wrong, "--force", passphrase=passphrase[:-1]) == 1
        assert told in capsys.readouterr().err
    assert main(["put", "--file", str(missing)], connect=lambda _: lambda _: anew, ask=pytest.fail) == 1
    assert "missing can't be read: No such file or directory." in capsys.readouterr().err
    assert anew.value == ANOTHER


def test_a_file_that_is_no_deployments_secret_changes_nothing(anew: Deployment, file: Path) -> None:
    """Somebody may hand over another JWE."""
    file.write_bytes(sealed(b'{"kty":"oct"}', "words"))
    assert anew.run("put", file, "--force", passphrase="words") == 1
    assert anew.value == ANOTHER


def test_any_jose_library_opens_the_file(file: Path, passphrase: str) -> None:
    """The file outlives this code."""
    algorithms = ["PBES2-HS512+A256KW", "A256GCM"]
    found = jwe.decrypt_compact(file.read_bytes().strip(), OctKey.import_key(passphrase), algorithms=algorithms)
    assert found.plaintext == SECRET.encode()


@settings(max_examples=30)
@given(st.binary(), st.text(min_size=1), st.data())
def test_whatever_is_changed_does_not_open(content: bytes, passphrase: str, data: st.DataObject) -> None:
    """In the header, too. Unchanged, it opens."""
    made = sealed(content, passphrase)
    assert opened(made, passphrase) == content
    place = data.draw(st.integers(0, len(made) - 1))
    changed = data.draw(st.sampled_from(sorted({*b"ABCabc012._-{"} - {made[place]})))
    try:
        found = opened(made[:place] + bytes([changed]) + made[place + 1 :], passphrase)
    except CannotOpen:
        return
    assert found == content  # the last character of a part has bits that say nothing


def test_passphrases_are_long_and_never_the_same() -> None:
    assert len({new_passphrase() for _ in range(100)}) == 100
    assert all(len(each) == 39 for each in (new_passphrase(), new_passphrase()))
