"""Adjustments of time: what is stored counts, and what would not count is refused."""

from typing import Any

import pytest

from tests.unit.events.test_acceptance import TenantLog, refused

OPENING = "01JD0000000000000000000000000000000A"


def adjusted(changes: Any, **fields: Any) -> dict[str, Any]:
    return {"params": {"session": OPENING}, "changes": changes, **fields}


@pytest.mark.parametrize(("old", "new"), [(660, 600), ("660", "600"), (0, "0"), ("0660", 2**53 - 1)])
def test_whole_seconds_are_stored_as_integers(old: Any, new: Any) -> None:
    """Decimal text counts as well, whoever reads it."""
    log = TenantLog()
    note = {"field": "note", "to": "600"}
    assert (
        log.one("work.time-adjusted", **adjusted([{"field": "seconds", "from": old, "to": new}, note])).status
        == "stored"
    )
    assert log.content["changes"] == [{"field": "seconds", "from": int(old), "to": int(new)}, note]


@pytest.mark.parametrize("value", [None, -1, "-1", "1.5", "600 ", "", "six", True, 2**53 - 1 + 0.5, "9" * 17, "\u0661"])
@pytest.mark.parametrize("side", ["from", "to"])
def test_anything_else_is_refused(side: str, value: Any) -> None:
    """Each side must be a whole number from 0 on."""
    change = {"field": "seconds", "from": 660, "to": 600} | {side: value}
    code, paths = refused(TenantLog().one("work.time-adjusted", **adjusted([change])))
    assert code in ("invalid_adjustment", "invalid_type")
    assert paths == [f"changes[0].{side}"]


def test_every_fault_is_named() -> None:
    """A session and seconds are needed, also in an activity that no catalogue has."""
    result = TenantLog().one("work.time-adjusted", changes=[{"field": "minutes", "from": 11, "to": 10}])
    assert refused(result) == ("invalid_adjustment", ["params.session", "changes"])
    result = TenantLog("enate").one("work-item.time-adjusted", target={"type": "work-item", "id": "1"})
    assert refused(result) == ("invalid_adjustment", ["params.session", "changes"])
    result = TenantLog().one(
        "work.time-adjusted", **adjusted([{"field": "seconds", "from": 1, "to": 2}], params={"session": "s-1"})
    )
    assert refused(result) == ("invalid_adjustment", ["params.session"])


def test_other_activities_have_no_such_meaning() -> None:
    """Only the last part of the name counts."""
    assert TenantLog().one("time-adjusted.shown", changes=[{"field": "seconds", "to": "many"}]).status == "stored"
