"""Names that a stage gives, and what commands send, for code that must not wait for the CDK to be imported."""

STORAGE = "DaybookStorage"
SERVICE = "DaybookService"
"""The stacks of the stage `live`."""

LIVE = "live"
"""The stage whose names have no ending."""


def named(base: str, stage: str, separator: str = "-") -> str:
    return base if stage == LIVE else f"{base}{separator}{stage}"


TRIAL_SOURCE = "daybook.trial"
"""Of the events by which operators try the way from a rule of EventBridge to them. Their `detail` names the `stack`."""
