"""Streams as shells hand them over, and folders of others."""

import io
import os
import subprocess
import sys
from pathlib import Path

import daybook_client
from daybook_client.cli.running import run
from daybook_client.cli.surroundings import Surroundings
from tests.support.command_line import KEY, URL, AnsweringTransport, Call, daybook, stored

PACKAGES = Path(daybook_client.__file__).parents[1]


class Closed(io.StringIO):
    """A pipe whose reader has gone."""

    def write(self, _text: str) -> int:
        raise BrokenPipeError(32, "Broken pipe")


def shell(command: str, folder: Path, **environ: str) -> "subprocess.CompletedProcess[bytes]":
    paths = os.pathsep.join([str(PACKAGES), str(PACKAGES.parent / "verify")])
    program = f"{sys.executable} -c 'from daybook_client.cli import main; main()'"
    around = {**os.environ, "PYTHONPATH": paths, "XDG_CONFIG_HOME": str(folder), **environ}
    return subprocess.run(  # noqa: S602  the test's own words
        command.replace("daybook", program, 1), shell=True, cwd=folder, env=around, capture_output=True, check=False
    )


def test_events_are_sent_though_nobody_reads_the_answers() -> None:
    """`daybook send - | head -1` is about what is shown. The exit code is that of the events."""
    calls: list[Call] = []
    around = Surroundings(
        environ={"DAYBOOK_URL": URL, "DAYBOOK_KEY": KEY},
        stdin=io.StringIO("nope\n" + '{"activity":"a.b","actor":{"type":"system"}}\n' * 501),
        stdout=Closed(),
        stderr=Closed(),
        connect=lambda url, key, tenant: AnsweringTransport(stored, calls, url, key, tenant),
    )
    assert run(["send", "-"], around) == 1
    assert [len(call.events) for call in calls] == [500, 1]


def test_a_pipe_is_utf_8_whatever_the_locale_is(tmp_path: Path) -> None:
    """JSON is, and a name from elsewhere must not end a search."""
    folder = tmp_path / "daybook"
    folder.mkdir()
    text = f'[profiles.a]\nurl = "{URL}"\nenvironment = "łódź"\n'
    (folder / "config.toml").write_text(text, encoding="utf-8")
    listed = shell("daybook profile list", tmp_path, PYTHONIOENCODING="ascii")
    assert listed.returncode == 0, listed.stderr
    assert "łódź".encode() in listed.stdout


def test_a_line_that_is_no_utf_8_costs_the_others_nothing(tmp_path: Path) -> None:
    """Also where the locale would refuse it."""
    (tmp_path / "events").write_bytes(b"\xff\n[]\n")
    there = {"PYTHONIOENCODING": "utf-8:strict", "DAYBOOK_URL": URL, "DAYBOOK_KEY": KEY}
    ran = shell("daybook send - < events", tmp_path, **there)
    assert ran.returncode == 1
    assert ran.stdout.count(b'"rejected"') == 2


def test_a_stdin_that_is_closed_holds_no_events(tmp_path: Path) -> None:
    """As an empty one."""
    ran = shell("daybook send - <&-", tmp_path, DAYBOOK_URL=URL, DAYBOOK_KEY=KEY)
    assert (ran.returncode, ran.stderr) == (0, b"")


def test_verify_runs_nothing_that_lies_in_the_folder(tmp_path: Path) -> None:
    """Where evidence of others lies, a program of theirs may lie too."""
    script = tmp_path / "bin.py"  # as the installed command: its own folder is on the path, not the current one
    script.write_text("from daybook_client.cli import main\nmain()\n")
    folder = tmp_path / "evidence"
    folder.mkdir()
    for name in ("daybook_verify.py", "argparse.py"):
        (folder / name).write_text("print('forged: all is genuine')")
    paths = os.pathsep.join([str(PACKAGES), str(PACKAGES.parent / "verify")])
    ran = subprocess.run(  # noqa: S603  the test's own words
        [sys.executable, str(script), "verify", "--help"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        check=False,
    )
    assert (ran.returncode, b"forged" in ran.stdout) == (0, False)
    assert b"daybook-verify" in ran.stdout


def test_an_export_onto_a_folder_is_refused_before_it_is_asked_for(tmp_path: Path) -> None:
    """Not after an hour of waiting."""
    ran = daybook("export", "-o", str(tmp_path))
    assert (ran.code, ran.calls) == (2, [])
    assert str(tmp_path) in ran.err
