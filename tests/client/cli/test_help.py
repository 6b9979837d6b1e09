"""What `daybook` says of itself."""

import shlex
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from daybook_client.cli.app import app
from tests.support.command_line import daybook
from tests.support.places import PYTHON_CLIENT, ROOT

MARKS = ("|", ">", ">>", "<")
"""Where the shell's part of an example begins."""


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command that is no group, with the words that call it."""
    if not hasattr(command, "commands"):
        yield path, command
        return
    for name, below in command.commands.items():
        yield from commands(below, (*path, name))


COMMANDS = dict(commands(get_command(app)))
EXAMPLES = [
    (words, line.removeprefix("$ "))
    for words, command in COMMANDS.items()
    for line in (command.epilog or "").splitlines()
    if line.startswith("$ ")
]


def test_every_command_explains_itself_and_has_an_example() -> None:
    """Help teaches by example."""
    assert len(COMMANDS) > 20
    assert {words for words, _ in EXAMPLES} == COMMANDS.keys()
    assert all(command.help for command in COMMANDS.values())


GUIDE = [
    (max((words for words in COMMANDS if tuple(line.split()[1 : len(words) + 1]) == words), key=len), line)
    for line in (ROOT / "docs" / "guides" / "command-line.md").read_text().splitlines()
    if line.startswith("daybook ")
]


def test_the_guide_shows_every_command() -> None:
    """A command that the guide forgets is found by nobody."""
    assert {words for words, _ in GUIDE} | {("profile", "list"), ("profile", "remove")} == COMMANDS.keys()


@pytest.mark.parametrize(("words", "example"), EXAMPLES + GUIDE, ids=[example for _, example in EXAMPLES + GUIDE])
def test_an_example_is_one_that_the_command_takes(words: tuple[str, ...], example: str) -> None:
    """It is parsed as a shell and the command would."""
    program, *arguments = shlex.split(example)
    shell = next((place for place, word in enumerate(arguments) if word in MARKS), len(arguments))
    arguments = arguments[:shell]
    assert (program, *arguments)[: len(words) + 1] == ("daybook", *words)
    COMMANDS[words].make_context("daybook", arguments[len(words) :])


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_wrong_option_is_one_sentence(words: tuple[str, ...]) -> None:
    """With the command whose help says more, and nothing is called."""
    if words == ("verify",):  # hands all over
        return
    ran = daybook(*words, "--nonsense")
    assert (ran.code, ran.out, ran.calls) == (2, "", [])
    assert "--nonsense" in ran.err
    assert f"daybook {' '.join(words)} --help" in ran.err


def test_help_loads_neither_http_nor_tables() -> None:
    """So it answers at once, and so does completion."""
    code = (
        "import sys; from daybook_client.cli.app import app; from typer.main import get_command; get_command(app);"
        "print(sorted({'httpx', 'sqlite3', 'jmespath', 'keyring', 'rich.table'} & set(sys.modules)))"
    )
    ran = subprocess.run(  # noqa: S603  code of ours
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env={"PYTHONPATH": str(PYTHON_CLIENT)}
    )
    assert ran.stdout.strip() == "[]"


def test_without_its_extra_it_says_what_to_install() -> None:
    """Exit code 2, and no traceback."""
    code = "import sys; sys.modules['typer'] = None; from daybook_client.cli import main; main()"
    ran = subprocess.run(  # noqa: S603  code of ours
        [sys.executable, "-c", code],
        check=False,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(PYTHON_CLIENT)},
    )
    assert ran.returncode == 2
    assert ran.stderr.endswith("pip install './clients/python[cli]'\n")
    assert len(ran.stderr.splitlines()) == 1
