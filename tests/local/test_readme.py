"""The README's commands, as somebody pastes them."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from infra import ROOT
from tests.support.running_house import LocalDaybook, make_tenant

BLOCKS = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
CALLS = [block for block in BLOCKS if "curl" in block and "127.0.0.1:8787" in block]
KEY = "dbk_ops_0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def demo(local_daybook: LocalDaybook) -> LocalDaybook:
    """The tenants that the commands name, made here or by the tests of the demo, which share the house."""
    with local_daybook.operations as operations:
        for profile in ("chat", "carear"):
            assert make_tenant(operations, f"{profile}-demo", profile).status_code in (201, 409)
    return local_daybook


def test_every_command_is_answered(demo: LocalDaybook, tmp_path: Path) -> None:
    """One after the other, each with success: curl fails for a refusal here."""
    (tmp_path / ".curlrc").write_text("fail-with-body\nsilent\nshow-error\n")
    assert len(CALLS) >= 5
    for block in CALLS:
        assert KEY in block
        command = block.replace("http://127.0.0.1:8787", demo.url).replace(KEY, demo.operations_key)
        done = subprocess.run(  # noqa: S603  the README is ours
            ["bash", "-euo", "pipefail", "-c", command],  # noqa: S607
            env=os.environ | {"CURL_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
