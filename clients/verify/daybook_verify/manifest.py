"""The manifest of an export: what its file is meant to hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from daybook_verify.errors import CannotTell, NotGenuine
from daybook_verify.strict import field, integer, items, json_object, milliseconds, text

ORDERS = {"occurred_at": True, "-occurred_at": False}
"""Whether the oldest event comes first. Evidence is of files in the order of time alone."""

_UNFILTERED = {"environment", "from", "to", "range"}
"""Filters that choose a span of the log, not events within it."""


@dataclass(frozen=True)
class Manifest:
    """The fields that the verification rests on. Times are in milliseconds; `to_ms` is None for an open end."""

    fields: Mapping[str, Any]
    export: str
    tenant: str
    environment: str
    log: str
    sha256: str
    ascending: bool
    recorded_as: str
    filters: tuple[str, ...]
    rows: int
    size: int
    from_ms: int
    to_ms: int | None
    received_until_ms: int

    def covers(self, occurred_ms: int) -> bool:
        return self.from_ms <= occurred_ms and (self.to_ms is None or occurred_ms < self.to_ms)

    def check_place(self, content: Mapping[str, Any]) -> None:
        """NotGenuine for an event of another tenant or environment."""
        if (content["tenant"], content["environment"]) != (self.tenant, self.environment):
            raise NotGenuine(f"event {content['id']} is of another tenant or environment")

    @property
    def filtered(self) -> bool:
        return not {each.partition("=")[0] for each in self.filters} <= _UNFILTERED

    @property
    def summary(self) -> Mapping[str, Any]:
        """What the auditor compares with what was asked for."""
        names = ("export", "tenant", "environment", "from", "to", "received_until", "filters", "tz", "rows")
        return {name: self.fields[name] for name in names}

    @property
    def span(self) -> str:
        """Which events are meant, in words."""
        end = f" and before {self.fields['to']}" if self.fields["to"] is not None else ""
        return f"occurred from {self.fields['from']} on{end}, and was received by {self.fields['received_until']},"


def parse(data: bytes) -> Manifest:
    fields = json_object(data, "the manifest")
    if integer(_of(fields, "version"), "the manifest's version") != 1:
        raise CannotTell("the manifest has a version that this program does not know")
    if _of(fields, "evidence") is not True:
        raise NotGenuine("the manifest is not that of an export with evidence")
    if not isinstance(_of(fields, "mark"), bool):
        raise NotGenuine("the manifest's mark is not true or false")
    if text(_of(fields, "sort"), "sort") not in ORDERS:
        raise CannotTell("the manifest names an order that this program does not know")
    for name in ("view", "tz", "format", "filename", "tenant_name", "tenant_profile"):
        text(_of(fields, name), name)
    if _of(fields, "asked_at") != _of(fields, "received_until"):
        raise NotGenuine(
            "the manifest's asked_at and received_until differ: an export has what was received by its asking"
        )
    filters = tuple(text(each, "a filter") for each in items(_of(fields, "filters"), "filters"))
    if any(each.startswith("environment=") and each != f"environment={_of(fields, 'environment')}" for each in filters):
        raise NotGenuine("the manifest names another environment than its filters")
    return Manifest(
        fields=fields,
        **{
            name: text(_of(fields, name), name)
            for name in ("export", "tenant", "environment", "log", "sha256", "recorded_as")
        },
        ascending=ORDERS[fields["sort"]],
        filters=filters,
        rows=integer(_of(fields, "rows"), "rows"),
        size=integer(_of(fields, "bytes"), "bytes"),
        from_ms=milliseconds(_of(fields, "from"), "from"),
        to_ms=None if _of(fields, "to") is None else milliseconds(fields["to"], "to"),
        received_until_ms=milliseconds(_of(fields, "received_until"), "received_until"),
    )


def _of(fields: Mapping[str, Any], name: str) -> Any:
    return field(fields, name, "the manifest")
