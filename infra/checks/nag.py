"""AWS's advice for solutions, by cdk-nag, held against the stacks.

As a module it synthesises one deployment into the folder of the first argument, with the context of the second.
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from infra.checks.acknowledged import Acknowledgement

_PACK = "AwsSolutions-"


class Finding(NamedTuple):
    rule: str
    path: str
    """Of the construct, below its stack."""
    advice: str


def findings(out_dir: Path, context: Mapping[str, Any]) -> list[Finding]:
    """What cdk-nag says of a deployment with this context. The templates are left in `out_dir`.

    Raises `RuntimeError` with what was printed if the deployment can't be synthesised.
    """
    # In a process of its own, because the CDK prints every finding, also those that are acknowledged here, and then
    # fails.
    command = (sys.executable, "-m", "infra.checks.nag", str(out_dir), json.dumps(context))
    synthesised = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own words
    report = out_dir / "validation-report.json"
    if not report.exists():
        raise RuntimeError(synthesised.stderr)
    return [
        Finding(
            violation["ruleName"].removeprefix(_PACK),
            construct["constructPath"].partition("/")[2],
            violation["description"],
        )
        for plugin in json.loads(report.read_text())["pluginReports"]
        for violation in plugin["violations"]
        for construct in violation["violatingConstructs"]
    ]


def judge(
    found: Iterable[Finding], acknowledged: Iterable[Acknowledgement]
) -> tuple[list[Finding], list[Acknowledgement]]:
    """The findings that nobody acknowledged, and the acknowledgements that match no finding."""
    known = list(acknowledged)
    covering = {finding: [each for each in known if each.covers(finding.rule, finding.path)] for finding in found}
    used = {each for group in covering.values() for each in group}
    return [finding for finding, group in covering.items() if not group], [each for each in known if each not in used]


def _synthesise(out_dir: str, context: Mapping[str, Any]) -> None:
    from aws_cdk import Validations  # noqa: PLC0415  only the other process needs the CDK
    from cdk_nag import AwsSolutionsChecks  # noqa: PLC0415

    from infra.deployment import new_app  # noqa: PLC0415

    app = new_app(outdir=out_dir, context=context)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    app.synth()


if __name__ == "__main__":
    _synthesise(sys.argv[1], json.loads(sys.argv[2]))
