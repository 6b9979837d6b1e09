"""The settings of a deployment, from the CDK's context: `cdk.json`, or `-c name=value` on the command line."""

import re
from dataclasses import dataclass
from typing import Self

from constructs import Node

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class InvalidSetting(Exception):  # noqa: N818  says what it is
    """A setting has a value that no deployment can have. The message names the setting and what it must be."""


@dataclass(frozen=True)
class DeploymentSettings:
    alarm_email: str | None = None
    """Who is told of every alarm. AWS sends this address a link that confirms it."""

    @classmethod
    def of(cls, node: Node) -> Self:
        """Raises `InvalidSetting`."""
        email = node.try_get_context("alarm_email")
        if email is not None and not (isinstance(email, str) and _EMAIL.fullmatch(email)):
            raise InvalidSetting(f"alarm_email must be one e-mail address, not {email!r}")
        return cls(alarm_email=email)
