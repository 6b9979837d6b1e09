"""Checks the templates of two deployments, the smallest and the one with every setting: cfn-lint and cdk-nag.

Ends with 1 where one of them finds something that nobody acknowledged, or where an acknowledgement is out of date.
"""

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from infra.checks.acknowledged import ACKNOWLEDGED
from infra.checks.nag import Finding, findings, judge

DEPLOYMENTS: Mapping[str, Mapping[str, Any]] = {
    "defaults": {},
    "every setting": {
        "stage": "checked",
        "region": "eu-central-1",
        "domain_name": "audit.example.com",
        "certificate_arn": "arn:aws:acm:eu-central-1:123456789012:certificate/1",
        "alarm_email": "operators@example.com",
        "create_trail": True,
        "oidc_issuer": "https://login.example.com",
        "oidc_audience": "daybook",
        "waf": True,
        "xray": True,
        "max_read_units": 10_000,
        "max_write_units": 10_000,
        "reserve": True,
        "cloud_watch_role": True,
        "budget_dollars": 100,
    },
}

_NOT_LINTED = "W3005"  # CDK lets each function depend on its role and its role's policy, also where it refers to them


def main() -> int:
    with ThreadPoolExecutor() as pool:
        checked = list(pool.map(_check, DEPLOYMENTS.values()))
    found = [finding for each in checked for finding in each.findings]
    linted = [each.linted for each in checked if each.linted]
    unacknowledged, unused = judge(found, ACKNOWLEDGED)
    for text in linted:
        print(text)
    for finding in unacknowledged:
        print(f"{finding.path}: {finding.rule}: {finding.advice}")
    for acknowledgement in unused:
        print(f"no finding needs this acknowledgement any more: {acknowledgement.rule} of {acknowledgement.path}")
    if linted or unacknowledged or unused:
        return 1
    print(f"{len(DEPLOYMENTS)} deployments: {len(found)} findings, each acknowledged")
    return 0


class _Checked(NamedTuple):
    findings: list[Finding]
    linted: str
    """What cfn-lint finds; empty where it finds nothing."""


def _check(context: Mapping[str, Any]) -> _Checked:
    with tempfile.TemporaryDirectory() as folder:
        found = findings(Path(folder), {"asset": "source", **context})
        return _Checked(found, _lint(Path(folder)))


def _lint(folder: Path) -> str:
    templates = sorted(folder.glob("*.template.json"))
    assert templates  # noqa: S101  without a file cfn-lint would find nothing
    command = [str(Path(sys.executable).parent / "cfn-lint"), "--ignore-checks", _NOT_LINTED, "--"]
    linted = subprocess.run([*command, *map(str, templates)], capture_output=True, text=True, check=False)  # noqa: S603  our own words
    return linted.stdout + linted.stderr if linted.returncode else ""


if __name__ == "__main__":
    sys.exit(main())
