"""The command, as an auditor runs it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from daybook_verify.__main__ import main
from tests.support.places import VERIFIER
from tests.verify.made_export import FROM, keys_of, made_export, packed
from tests.verify.made_log import COSIGNATURE, LOG, ORIGIN, STRANGER, WITNESS, Signer, b64, time


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An export, its evidence and a proof."""
    made = made_export(4, seed=1)
    made.since_signers = (LOG, WITNESS)
    file = made.file()
    (tmp_path / "log.csv").write_bytes(file)
    (tmp_path / "log.csv.evidence.ndjson").write_bytes(packed(made.evidence(file)))
    index, event = made.rows[0]
    people = [{"id": guid, "key": b64(key)} for guid, key in keys_of(event).items()]
    (tmp_path / "proof.json").write_text(json.dumps(made.log.proof(event, index, people=people)))
    return tmp_path


def run(*arguments: object) -> int:
    return main([*map(str, arguments)])


def test_the_exit_code_says_it_all(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """0 genuine and complete, 1 not, 2 could not tell."""
    export = ("export", folder / "log.csv", "--evidence", folder / "log.csv.evidence.ndjson", "--key")
    assert run(*export, LOG.line, "--cosigner", WITNESS.line) == 0
    assert capsys.readouterr().out.endswith("result  genuine\n")
    assert run(*export, LOG.line) == 2
    assert run(*export, STRANGER.line) == 1
    assert run(*export, LOG.line[:-2]) == 2
    for own in (LOG, Signer(ORIGIN, COSIGNATURE), Signer("daybook/time", COSIGNATURE)):
        assert run(*export, LOG.line, "--cosigner", own.line) == 2, "the log's own word"
    assert run("proof", folder / "proof.json", "--key", LOG.line) == 0
    assert run("proof", folder / "proof.json", "--key", LOG.line, "--origin", "daybook/other") == 1
    assert run("proof", folder / "nothing", "--key", LOG.line) == 2
    assert run("proof", "\0", "--key", LOG.line) == 2, "a fault of the program's own"
    assert run("monitor", "ftp://127.0.0.1", "--key", LOG.line, "--kept", folder) == 2
    (folder / "log.csv").write_bytes((folder / "log.csv").read_bytes() + b"\n")
    assert run(*export, LOG.line, "--cosigner", WITNESS.line) == 1


def test_checkpoints_are_kept_for_the_monitor(folder: Path) -> None:
    """Of what is genuine, each once. A wrong file keeps nothing."""
    export = (
        "export",
        folder / "log.csv",
        "--evidence",
        folder / "log.csv.evidence.ndjson",
        "--key",
        LOG.line,
        "--kept",
    )
    kept = folder / "kept"
    assert run(*export, kept, "--cosigner", WITNESS.line) == 0
    before = kept.read_bytes()
    assert run(*export, kept) == 2
    assert kept.read_bytes() == before
    assert run("proof", folder / "proof.json", "--key", LOG.line, "--kept", kept) == 0
    assert kept.read_bytes().count(b"\n") == 2
    (folder / "log.csv").write_bytes(b"")
    assert run(*export, folder / "else") == 1
    assert not (folder / "else").exists()


def test_findings_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One object, with the same findings."""
    export = ("export", folder / "log.csv", "--evidence", folder / "log.csv.evidence.ndjson")
    assert run(*export, "--key", LOG.line, "--json") == 2
    found = json.loads(capsys.readouterr().out)
    assert (found["result"], found["complete"]) == ("could not tell", None)
    assert found["findings"][-1]["kind"] == "unknown"
    run(*export, "--key", LOG.line, "--cosigner", WITNESS.line, "--json")
    found = json.loads(capsys.readouterr().out)
    assert found["complete"] is True
    assert (found["export"]["tenant"], found["export"]["from"]) == ("acme", time(FROM))


def test_the_package_runs_alone(folder: Path) -> None:
    """From another directory, with nothing of Daybook's on the path."""
    command = [sys.executable, "-P", "-m", "daybook_verify", "proof", str(folder / "proof.json"), "--key", LOG.line]
    ran = subprocess.run(  # noqa: S603  our own program
        command, cwd=folder, env={"PYTHONPATH": str(VERIFIER)}, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "Zoë" in ran.stdout
    assert "result  genuine" in ran.stdout
    ascii_only = {"PYTHONPATH": str(VERIFIER), "PYTHONIOENCODING": "ascii"}
    ran = subprocess.run(command, env=ascii_only, capture_output=True, text=True, check=False)  # noqa: S603  as above
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize("closed", ["", ">/dev/full", "| true", ">&-"])
def test_a_result_that_cannot_be_written_is_none(folder: Path, closed: str) -> None:
    """It is not said of the proof that it is not genuine."""
    command = f'{{ sleep 0.3; "$PYTHON" -P -m daybook_verify proof proof.json --key "$KEY"; echo $? >&2; }} {closed}'
    ran = subprocess.run(  # noqa: S603  our own program
        ["/bin/sh", "-c", command],
        cwd=folder,
        env={"PYTHONPATH": str(VERIFIER), "PYTHON": sys.executable, "KEY": LOG.line, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stderr == ("2\n" if closed else "0\n")
