"""Stands in for AWS in the commands of operators."""

import argparse
from collections.abc import Callable
from typing import Any

from infra.operate.aws import Clients


def connected_to(client: Any) -> Callable[[argparse.Namespace], Clients]:
    """As `infra.operate.aws.clients`, but every service is this client."""
    return lambda _: lambda __: client
