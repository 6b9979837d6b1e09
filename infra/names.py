"""The names of the stacks of the stage `live`, for code that must not wait for the CDK to be imported."""

STORAGE = "DaybookStorage"
SERVICE = "DaybookService"
