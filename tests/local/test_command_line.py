"""The command `daybook` as a process, against a running Daybook: on a terminal and in a pipe."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.places import PYTHON_CLIENT, VERIFIER
from tests.support.running_daybook import LocalDaybook, logs_of, tenants_admin

pytestmark = pytest.mark.long

TENANT = "command-line"
SECONDS = 60
YESTERDAY = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"


@dataclass(frozen=True)
class Shell:
    """Runs the command with an admin's key in its environment."""

    environ: dict[str, str]
    folder: Path

    def run(self, *arguments: str, stdin: str = "", code: int = 0, environ: dict[str, str] | None = None) -> str:
        """Its output, as a pipe gets it."""
        ran = subprocess.run(  # noqa: S603  a module of ours
            self._words(arguments),
            check=False,
            capture_output=True,
            text=True,
            input=stdin,
            timeout=SECONDS,
            env=self.environ | (environ or {}),
            cwd=self.folder,
        )
        assert ran.returncode == code, ran.stdout + ran.stderr
        assert "dbk_" not in ran.stderr
        return ran.stdout

    def lines(self, *arguments: str, **options: Any) -> list[Any]:
        return [json.loads(line) for line in self.run(*arguments, **options).splitlines()]

    def on_terminal(self, *arguments: str) -> str:
        """What a terminal shows, its error stream included."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen(  # noqa: S603  a module of ours
            self._words(arguments),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=self.environ | {"TERM": "xterm", "COLUMNS": "150"},
            cwd=self.folder,
        )
        os.close(theirs)
        shown = b""
        while True:
            try:
                piece = os.read(ours, 65_536)
            except OSError:  # as Linux ends a terminal that nobody else holds
                break
            if not piece:
                break
            shown += piece
        os.close(ours)
        assert process.wait(SECONDS) == 0, shown
        return shown.decode()

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(  # noqa: S603  a module of ours
            self._words(arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environ
        )

    @staticmethod
    def _words(arguments: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "daybook_client.cli", *arguments]


@pytest.fixture(scope="module")
def shell(local_daybook: LocalDaybook, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    folder = tmp_path_factory.mktemp("command_line")
    with tenants_admin(local_daybook, TENANT, ("prod", "test")) as admin:
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PYTHONPATH": os.pathsep.join([str(PYTHON_CLIENT), str(VERIFIER)]),
            "PYTHONUTF8": "1",
            "DAYBOOK_URL": local_daybook.url,
            "DAYBOOK_KEY": admin.headers["Authorization"].removeprefix("Bearer "),
        }
        shell = Shell(environ, folder)
        shell.run("send", "-", stdin="\n".join(map(json.dumps, map(sent, range(120)))))
        logs_of(admin)
        yield shell


def sent(number: int) -> dict[str, Any]:
    actor = {"type": "user", "username": f"user{number % 3}[red]\u009b31m"}
    return {"activity": f"order.{'placed' if number % 2 else 'paid'}", "actor": actor}


def test_it_says_who_the_key_is(shell: Shell) -> None:
    """With its tenant and role."""
    (me,) = shell.lines("whoami")
    assert (me["tenant"], me["role"], me["environments"]) == (TENANT, "admin", ["prod", "test"])
    assert "role           admin" in shell.on_terminal("whoami")


def test_an_event_that_was_sent_is_found(shell: Shell) -> None:
    """By its id, and in full."""
    (answer,) = shell.lines("send", "invoice.approved", "--actor", "mike.mars", "--target", "invoice:1042")
    (found,) = shell.lines("search", "--actor", "mike.mars", "--not", "component=Audit Log")
    assert found["id"] == answer["id"]
    assert shell.lines("show", answer["id"])[0]["target"]["id"] == "1042"


def test_a_pipe_gets_all_and_a_terminal_a_table(shell: Shell) -> None:
    """Nothing of a name acts on the terminal."""
    assert len(shell.lines("search", "--activity", "order.*")) == 120
    assert len(shell.lines("search", "--activity", "order.*", "--limit", "70")) == 70
    shown = shell.on_terminal("search", "--activity", "order.*")
    assert shown.count("order.") == 50
    assert "[red]" in shown
    assert "\u009b" not in shown
    assert "--all" in shown


def test_whoever_reads_a_part_only_sees_no_complaint(shell: Shell) -> None:
    """As `head` does."""
    with shell.start("search", "--activity", "order.*") as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(SECONDS) == 0
        assert process.stderr.read() == ""


def test_the_log_is_followed_until_ctrl_c(shell: Shell) -> None:
    """Each new event comes once. The last sentence says where to go on: behind the event, or before it if it had just
    been written.
    """
    with shell.start("tail", "-f", "-n", "0", "--poll", "1", "--activity", "followed.*") as process:
        assert process.stdout
        assert process.stderr
        time.sleep(2)  # it looks for the log's end first
        (answer,) = shell.lines("send", "followed.one", "--system")
        line = json.loads(process.stdout.readline())
        assert line["event"]["id"] == answer["id"]
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == 130
        told = process.stderr.read().split("--after ")[1].strip()
    again = [one["event"]["id"] for one in shell.lines("tail", "--after", told, "--activity", "followed.*")]
    assert again == ([] if told == line["position"] else [answer["id"]])
    begun = shell.lines("tail", "--after", "0", "--activity", "order.*")
    assert sum("event" in one for one in begun) == 120


def test_an_export_is_whole(shell: Shell) -> None:
    """Its format follows the file's name."""
    (told,) = shell.lines("export", "-o", "orders.ndjson", "--activity", "order.*", "--view", "native")
    assert told["rows"] == 120
    assert len((shell.folder / "orders.ndjson").read_text().splitlines()) == 120
    assert "rows    120" in shell.on_terminal("export", "-o", "orders.csv", "--activity", "order.*")


def test_an_import_stores_each_record_once(shell: Shell) -> None:
    """Also when it is repeated."""
    record = {"eventTime": YESTERDAY, "eventSource": "s3.amazonaws.com", "awsRegion": "eu-central-1"}
    user = {"userIdentity": {"type": "IAMUser", "userName": "alice", "principalId": "AIDA1"}}
    records = [{**record, **user, "eventID": f"e-{number}", "eventName": "DeleteBucket"} for number in range(700)]
    (shell.folder / "trail.json").write_text(json.dumps({"Records": records}))
    for _ in range(2):
        (told,) = shell.lines("import", "--from", "cloudtrail", "--environment", "test", "trail.json")
        assert told["report"]["stored"] == 700
    assert len(shell.lines("search", "--environment", "test", "--activity", "DeleteBucket")) == 700


def test_keys_are_made_rotated_and_revoked(shell: Shell) -> None:
    """A new key stands alone in the pipe, works, and is denied once it is revoked."""
    key = shell.run("keys", "create", "--role", "producer", "--environment", "prod", "--label", "till").strip()
    shell.run("send", "till.opened", "--system", environ={"DAYBOOK_KEY": key})
    shell.run("search", code=3, environ={"DAYBOOK_KEY": key})
    (made,) = (one for one in shell.lines("keys", "list") if one["label"] == "till")
    new = shell.run("keys", "rotate", made["key_id"], "--overlap", "0").strip()
    shell.run("send", "till.opened", "--system", environ={"DAYBOOK_KEY": new})
    shell.run("keys", "revoke", new.split("_")[1])
    shell.run("send", "till.opened", "--system", code=3, environ={"DAYBOOK_KEY": new})


def test_what_waits_in_a_buffer_is_sent(shell: Shell) -> None:
    """And what Daybook does not take is shown with its reasons."""
    code = (
        "from daybook_client.client import place_of; import os, sys; from daybook_client.buffer.buffer import Buffer\n"
    )
    code += "Buffer(place_of(os.environ['DAYBOOK_URL'], os.environ['DAYBOOK_KEY'])).add(["
    code += "a.encode() for a in sys.argv[1:]])"
    kept = (("w1", "kept.one", "system"), ("w2", "kept.two", "user"))
    events = [
        json.dumps({"id": own, "occurred_at": YESTERDAY, "activity": activity, "actor": {"type": actor}})
        for own, activity, actor in kept
    ]
    subprocess.run([sys.executable, "-c", code, *events], check=True, env=shell.environ)  # noqa: S603  code of ours
    assert shell.lines("buffer", "status")[0]["waiting"] == 2
    shell.run("buffer", "flush", code=1)
    (rejected,) = shell.lines("buffer", "rejected", code=1)
    assert rejected["event"]["id"] == "w2"
    assert rejected["errors"][0]["path"] == "actor.username"
    shell.run("buffer", "discard", "--yes")
    assert shell.lines("buffer", "rejected") == []


def test_verify_hands_over(shell: Shell) -> None:
    """All arguments, and the exit code; where it is not installed, 69."""
    assert "daybook-verify" in shell.run("verify", "--help")
    shell.run("verify", "nonsense", code=2)
    shell.run("verify", "--help", code=69, environ={"PYTHONPATH": str(PYTHON_CLIENT)})


def test_nobody_there_is_exit_code_4(shell: Shell) -> None:
    """In one sentence."""
    shell.run("whoami", code=4, environ={"DAYBOOK_URL": "http://127.0.0.1:9"})


def test_completion_knows_options_choices_and_mappings(shell: Shell) -> None:
    """As the shell asks for them."""

    def completed(line: str) -> str:
        words = {"_DAYBOOK_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1)}
        return shell.run(environ=words)

    assert "cloudtrail" in completed("daybook import --from clou")
    assert "--actor-type" in completed("daybook search --actor-")
    assert "failure" in completed("daybook search --status f")
