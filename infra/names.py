"""The names that stacks and commands share, for code that must not wait for the CDK to be imported.

The stacks' are those of the stage `live`.
"""

STORAGE = "DaybookStorage"
SERVICE = "DaybookService"

TRIAL_SOURCE = "daybook.trial"
"""Of the events by which operators try the way from a rule of EventBridge to them. Their `detail` names the `stack`."""
