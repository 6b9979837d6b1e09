"""What ends a command with a sentence that is not Daybook's own."""

from __future__ import annotations


class UsageProblem(Exception):  # noqa: N818  it is the user's to solve
    """An option, a setting or a file is wrong. Nothing was sent."""
