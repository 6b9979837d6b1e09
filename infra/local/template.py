"""The templates that `cdk deploy` would deploy. They are synthesised once and kept until their sources change.

Synthesis needs Node and takes seconds, so a start without changes skips it. It runs in its own process, which reports
the project's files that it imported. These are the sources.
"""

import hashlib
import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache"

QUIET_NODE = {"JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "18,20,22"}  # major versions, not a switch

Templates = dict[str, dict[str, Any]]
"""By stack name, in the order of deployment."""


def templates(cache: Path = CACHE) -> Templates:
    kept = cache / "templates.json"
    record = json.loads(kept.read_text()) if kept.exists() else None
    if not record or record["sources"] != hashes(record["sources"]):
        cache.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            subprocess.run(  # noqa: S603  runs our own module
                [sys.executable, "-m", "infra.local.template", folder],
                check=True,
                cwd=ROOT,
                env=os.environ | QUIET_NODE,
            )
            record = json.loads(Path(folder, "record.json").read_text())
            Path(folder, "record.json").replace(kept)  # never incomplete, even if two tests synthesise at once
    made: Templates = record["templates"]
    return made


def table_definitions(stacks: Templates) -> dict[str, dict[str, Any]]:
    """The parameters of `CreateTable` without the name, for each table by logical id."""
    taken_over = ("KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes", "BillingMode")
    return {
        logical_id: {name: properties[name] for name in taken_over if name in properties}
        | (
            {"StreamSpecification": {"StreamEnabled": True, **properties["StreamSpecification"]}}
            if "StreamSpecification" in properties
            else {}
        )
        for logical_id, properties in of_type(stacks, "AWS::DynamoDB::Table").items()
    }


def of_type(stacks: Templates, *types: str) -> dict[str, dict[str, Any]]:
    """The properties of all resources of these types, by logical id."""
    return {
        logical_id: resource.get("Properties", {})
        for template in stacks.values()
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] in types
    }


def hashes(sources: Iterable[str]) -> Mapping[str, str]:
    """The hash of each project file and the version of each installed distribution. Missing files are left out."""
    return {
        source: hashlib.sha256((ROOT / source).read_bytes()).hexdigest()
        if source.endswith(".py")
        else importlib.metadata.version(source)
        for source in sources
        if not source.endswith(".py") or (ROOT / source).exists()
    }


def synthesise_into(folder: Path) -> None:
    from infra.deployment import synthesise  # noqa: PLC0415  only this process pays for the CDK

    made = synthesise(folder / "assembly", {"asset": "source"})
    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    ours = {
        path.relative_to(ROOT).as_posix()
        for path in map(Path, filter(None, files))
        if path.suffix == ".py" and any(path.is_relative_to(ROOT / part) for part in ("infra", "lambdas"))
    }
    sources = hashes([*sorted(ours), "aws-cdk-lib"])
    Path(folder, "record.json").write_text(json.dumps({"sources": sources, "templates": made}))


if __name__ == "__main__":
    synthesise_into(Path(sys.argv[1]))
