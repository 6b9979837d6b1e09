"""Parts of the console's page, run by Node: a script of this folder answers each line of its input with a line."""

import atexit
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from infra.page.build import build

ROOT = Path(__file__).parents[2]
ESBUILD = ROOT / "lambdas/console/page/node_modules/.bin/esbuild"
IS_THERE = bool(os.environ.get("CI")) or all(map(shutil.which, ("node", "npm")))
"""Where a change is checked before it lands, a test that needs Node fails without it. It is skipped elsewhere."""
WHY_NOT = "Node or npm is missing: `make page` says what to install"


@dataclass(frozen=True)
class PageScript:
    """Starts Node at the first question, and ends it with the process."""

    name: str
    default: Callable[[Any], Any] | None = None
    """For what is no JSON."""

    def ask(self, what: str, **given: Any) -> Any:
        """The script's answer: `{"value": …}`, or `{"error": …, "text": …}`."""
        node = self._process
        assert node.stdin is not None
        assert node.stdout is not None
        node.stdin.write(json.dumps({"what": what, **given}, default=self.default) + "\n")
        node.stdin.flush()
        return json.loads(node.stdout.readline())

    @cached_property
    def _process(self) -> "subprocess.Popen[str]":
        build()  # installs the packages, where they are not there
        with tempfile.TemporaryDirectory() as folder:
            bundle = Path(folder) / "script.mjs"
            bundled = ("--bundle", "--platform=node", "--format=esm", "--log-level=warning", f"--outfile={bundle}")
            subprocess.run([ESBUILD, ROOT / "tests/support" / self.name, *bundled], check=True)  # noqa: S603  our own
            source = bundle.read_text()
        node = subprocess.Popen(  # noqa: S603  our own
            ["node", "--input-type=module", "--eval", source],  # noqa: S607  from the PATH, as make finds it
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        atexit.register(node.kill)
        return node
