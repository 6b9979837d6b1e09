"""Names that a stage gives, for code that must not wait for the CDK to be imported."""

STORAGE = "DaybookStorage"
SERVICE = "DaybookService"
"""The stacks of the stage `live`."""

LIVE = "live"
"""The stage whose names have no ending."""


def named(base: str, stage: str, separator: str = "-") -> str:
    return base if stage == LIVE else f"{base}{separator}{stage}"
