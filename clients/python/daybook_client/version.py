"""The version of this package, as `pyproject.toml` states it; a test holds them together."""

VERSION = "1.0.0"
