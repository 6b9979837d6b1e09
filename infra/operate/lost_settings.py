"""Settings of the deployed stacks that the next deployment would undo, because nobody gives them any more."""

import json
from collections.abc import Collection, Iterable
from typing import Any

from botocore.exceptions import ClientError

from infra.operate.aws import Clients, outputs
from infra.settings import OUTPUT


def lost(aws: Clients, stacks: Iterable[str], given: Collection[str]) -> dict[str, Any]:
    """Those that have no `given` name, with the deployed values. None of a stack that does not exist."""
    deployed: dict[str, Any] = {}
    for stack in stacks:
        try:
            deployed |= json.loads(outputs(aws, stack).get(OUTPUT, "{}"))
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":  # so CloudFormation says that there is none
                raise
    return {name: value for name, value in sorted(deployed.items()) if name not in given}


def refusal(settings: dict[str, Any]) -> str:
    shown = ", ".join(f"{name}={_as_given(value)}" for name, value in settings.items())
    forgotten = " ".join(f"--forget {name}" for name in settings)
    return (
        f"The deployment has settings that this command does not give, so it would undo them: {shown}. Write them into"
        f" cdk.json, or give them with -c. To undo them, add {forgotten}"
    )


def _as_given(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
