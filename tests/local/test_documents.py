"""Runs the documents' commands and Python page by page as a reader pastes them, and compares the answers that the pages
show.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import jmespath
import pytest

from infra import ROOT
from tests.support.documents import PAGES, Block, blocks, code_in, commands, name_of
from tests.support.places import PYTHON_CLIENT, VERIFIER
from tests.support.running_daybook import LocalDaybook, make_tenant

KEY = "dbk_ops_0123456789abcdef0123456789abcdef"
SECONDS = 120
DEMO = ("chat", "jiffy", "enate", "carear", "symbee")

# Commands that can't run here, each with its reason. Tests below and in `tests/unit/test_documents.py` check what
# can be checked of them.
NOT_RUN = {
    r"(DAYBOOK_\w+=\S+ )?make run": "runs until it is stopped; `test_local_daybook.py` starts it, and the pages use it",
    r"make (test|test-all|check|bench)( T=\S+)?": "takes minutes, and may be what runs this test; the target exists",
    r"make (deploy|destroy)( ARGS=\".+\")?": "needs an AWS account; `test_deploy.py` and `tests/stacks` test it",
    r"aws dynamodb query .+": "needs a deployment; a test below puts the same question to the laptop's tables",
    r"aws (s3api|dynamodb scan) .+": "needs a deployment, and a table that was restored",
    r"(\. ~/daybook-first/bin/activate|pip install \./clients/python)": "needs the index; tests run from the sources",
    r"(python3 -m venv|~/verifier/bin/pip|export PATH=).+": "needs the package index; tests run the package alone",
    r"(AUDITED=|while curl -s \S+/v1/exports/|&& grep -qE .+running|do sleep 5|curl -s -o Audit).+": "makes evidence",
    r"daybook-verify export .+": "needs evidence, which takes 90 seconds to make; `tests/verify` runs it",
    r"\.venv/bin/python -m infra\.operate\.\w+( \w+)*( --[a-z]+ \w+)*": "needs a deployment; its options exist",
}
OPERATED = re.compile(r"-m (infra\.operate\.\w+(?: +\w+)*)((?: +--[a-z]+ \w+)*)")


class Step(NamedTuple):
    """One block of a shell or of Python, and the answer that the page shows after it, if any."""

    block: Block
    answer: Any


def is_run(block: Block) -> bool:
    """Whether a block is run; Python is, unless it never ends.

    A block that mixes both kinds of commands is an error of the page.
    """
    if block.language == "python":
        return "while True:" not in block.text
    kept_back = [any(re.fullmatch(each, re.sub(r" +", " ", line)) for each in NOT_RUN) for line in commands(block)]
    assert all(kept_back) or not any(kept_back), f"line {block.line}: commands that run beside commands that don't"
    return not all(kept_back)


def steps(page: Path) -> list[Step]:
    """Every JSON block is the answer to the shell block right before it."""
    found: list[Step] = []
    before = ""
    for block in blocks(page):
        if block.language in ("sh", "python"):
            found.append(Step(block, None))
        elif block.language == "json":
            assert before == "sh", f"line {block.line}: an answer to no command"
            found[-1] = found[-1]._replace(answer=json.loads(block.text))
        before = block.language
    return [step for step in found if is_run(step.block)]


WITH_COMMANDS = [page for page in PAGES if steps(page)]


@pytest.fixture(scope="module")
def demo(local_daybook: LocalDaybook) -> LocalDaybook:
    """The tenants that the commands name. They exist already if the tests of the demo ran before."""
    with local_daybook.operations as operations:
        for profile in DEMO:
            assert make_tenant(operations, f"{profile}-demo", profile).status_code in (201, 409)
    return local_daybook


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=name_of)
def test_every_command_succeeds_and_answers_what_the_page_shows(page: Path, demo: LocalDaybook, tmp_path: Path) -> None:
    """The blocks of a page run in order in one shell, as a reader pastes them, and those of Python in one session of
    Python that has the shell's variables. An error answer is a failure unless the page shows a problem document. An
    answer has exactly the keys that the page shows.
    """
    refusing, forgiving = tmp_path / "refusing", tmp_path / "forgiving"
    for folder, content in ((refusing, "fail-with-body\nsilent\nshow-error\n"), (forgiving, "silent\n")):
        folder.mkdir()
        (folder / ".curlrc").write_text(content)
    page_steps = steps(page)
    script = "".join(
        f"exec > {tmp_path}/{number}\n"
        f"export CURL_HOME={forgiving if is_problem(step.answer) else refusing}\n"
        f"{pasted(step.block, tmp_path / f'{number}.py', as_here(step.block.text, demo))}\n"
        for number, step in enumerate(page_steps)
    )
    done = subprocess.run(  # noqa: S603  our own pages
        ["bash", "-euo", "pipefail", "-c", script],  # noqa: S607
        cwd=ROOT,
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join(map(str, (ROOT, PYTHON_CLIENT))), "XDG_STATE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    answers = [path.read_text() for number in range(len(page_steps)) if (path := tmp_path / str(number)).exists()]
    assert done.returncode == 0, f"line {page_steps[len(answers) - 1].block.line}: {answers[-1]}\n{done.stderr}"
    for step, answer in zip(page_steps, answers, strict=True):
        if step.answer is not None:
            differing = difference(step.answer, json.loads(answer), "")
            assert not differing, f"the answer shown behind line {step.block.line}: {differing}\n{answer}"


def test_every_command_that_is_not_run_is_there() -> None:
    """An exception is removed with its command."""
    lines = [
        re.sub(r" +", " ", line)
        for page in PAGES
        for block in blocks(page)
        if block.language == "sh"
        for line in commands(block)
    ]
    assert [each for each in NOT_RUN if not any(re.fullmatch(each, line) for line in lines)] == []


def test_operators_commands_have_the_options_shown() -> None:
    """Each answers `--help` and lists the options that the pages use."""
    shown: dict[str, set[str]] = {}
    for page in PAGES:
        for code in code_in(page):
            for command, options in OPERATED.findall(code):
                shown.setdefault(command, set()).update(re.findall(r"--[a-z]+", options))
    assert len({command.split()[0] for command in shown}) == 10
    for command, options in shown.items():
        helped = subprocess.run(  # noqa: S603  our own module
            [sys.executable, "-m", *command.split(), "--help"],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'lambdas'}"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert options <= set(re.findall(r"--[a-z]+", helped.stdout)), command


def test_operators_queries_find_what_the_page_says(demo: LocalDaybook) -> None:
    """The table has the partitions and the index, and the tenants' rows have their names and codes."""
    client = demo.aws("dynamodb")
    (table,) = (name for name in client.list_tables()["TableNames"] if "Control" in name)
    found: dict[str, Any] = {}
    for code in {code for page in PAGES for code in code_in(page) if code.startswith("aws dynamodb query")}:
        words = shlex.split(code.partition(" | ")[0])[3:]
        options = dict(zip(words[::2], words[1::2], strict=True))
        assert options["--table-name"] == "CONTROL_TABLE"
        index = options.get("--index-name", "")
        answer = client.query(
            TableName=table,
            KeyConditionExpression=options["--key-condition-expression"],
            ExpressionAttributeValues=json.loads(options["--expression-attribute-values"]),
            **({"IndexName": index} if index else {}),
        )
        found[index] = jmespath.search(options["--query"], answer) if "--query" in options else answer["Items"]
    assert found.keys() == {"", "by_drain_due"}
    tenants = {name: json.loads(settings) for name, settings in found[""]}
    assert {f"{profile}-demo" for profile in DEMO} <= tenants.keys()
    assert all(settings["code"] and settings["environments"] for settings in tenants.values())


def pasted(block: Block, piece: Path, text: str) -> str:
    """What a shell does with the block. Its first piece of Python starts the session."""
    if block.language == "sh":
        return text
    piece.write_text(text, "utf-8")
    return (
        f'[ -n "${{SESSION:-}}" ] || coproc SESSION {{ exec {sys.executable} -m tests.support.pasted; }}\n'
        f'echo {piece} {piece.with_suffix("")} >&"${{SESSION[1]}}"\n'
        'read -r <&"${SESSION[0]}"'
    )


def as_here(text: str, local_daybook: LocalDaybook) -> str:
    """The commands with this test's addresses and Python."""
    for shown, here in (
        ("http://127.0.0.1:8787", local_daybook.url),
        ("http://127.0.0.1:8788", local_daybook.aws_url),
        (KEY, local_daybook.operations_key),
        (".venv/bin/python", sys.executable),
        ("daybook-verify ", f"PYTHONPATH={VERIFIER} {sys.executable} -m daybook_verify "),
    ):
        text = text.replace(shown, here)
    return re.sub(r"^daybook (?=[a-z])", f"{sys.executable} -m daybook_client.cli ", text, flags=re.MULTILINE)


def is_problem(answer: Any) -> bool:
    return isinstance(answer, dict) and str(answer.get("type", "")).startswith("urn:daybook:problem:")


def difference(shown: Any, real: Any, path: str) -> str:
    """Where the keys differ. A shown `null` matches anything, and a list matches any list with as many elements."""
    if isinstance(shown, dict):
        if not isinstance(real, dict) or shown.keys() != real.keys():
            return f"{path or 'the answer'} has {sorted(real) if isinstance(real, dict) else real}"
        return next(filter(None, (difference(shown[name], real[name], f"{path}.{name}") for name in shown)), "")
    if isinstance(shown, list):
        if not isinstance(real, list) or len(real) < len(shown):
            return f"{path} is {real}"
        pairs = enumerate(zip(shown, real, strict=False))
        return next(filter(None, (difference(one, other, f"{path}[{place}]") for place, (one, other) in pairs)), "")
    return f"{path} is {real}" if shown is not None and isinstance(real, dict | list) else ""
