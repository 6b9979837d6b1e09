"""The version has one place."""

import tomllib
from pathlib import Path

from daybook import VERSION


def test_the_packages_version_is_the_one_that_the_console_shows() -> None:
    """`pyproject.toml` must name one too."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION
