"""Stored bytes of an event: its canonical JSON compared with the packed form, and the items of typical events."""

from collections.abc import Iterator
from typing import Any

from benchmarks.measuring import Row
from benchmarks.typical import NOW, stored_forms
from benchmarks.write_units import bytes_of
from daybook.aws.events_table.append import item_of
from daybook.events.item import StoredEvent
from daybook.events.packing import unpack
from events.demo import PRODUCTS, generate
from events.typical import CONTRACT_EXAMPLE, TYPICAL

NAME_LETTERS = 20
MAX_ITEM_BYTES = 1_024
"""What one write unit takes."""

TENANT = "northwind"


def rows() -> Iterator[Row]:
    for product, size in item_bytes().items():
        name = f"bytes of an item, typical of {product}, names of {NAME_LETTERS} letters"
        yield Row(name, f"{size}", f"at most {MAX_ITEM_BYTES}")
    yield _row("the contract's example", stored_forms("jiffy", [CONTRACT_EXAMPLE]))
    every: list[StoredEvent] = []
    for product in PRODUCTS:
        events = generate(product, NOW)
        stored = [
            form for start in range(0, len(events), 500) for form in stored_forms(product, events[start : start + 500])
        ]
        every += stored
        yield _row(f"{product}'s {len(events)} demo events", stored)
    yield _row("all five", every)


def item_bytes() -> dict[str, int]:
    """The whole item of each product's typical event, as DynamoDB counts it."""
    found: dict[str, int] = {}
    for product, event in TYPICAL.items():
        (form,) = stored_forms(product, [_with_long_names(event)], tenant=TENANT)
        found[product] = bytes_of(item_of(form))
    return found


def _with_long_names(value: Any) -> Any:
    """Every username and full name has 20 letters, and every e-mail begins with so many."""
    if isinstance(value, list):
        return [_with_long_names(each) for each in value]
    if not isinstance(value, dict):
        return value
    changed = {name: _with_long_names(inner) for name, inner in value.items()}
    if "username" in changed:
        username = changed["username"].ljust(NAME_LETTERS, "x")
        changed |= {"username": username, "name": username.replace(".", " ").title()}
        if "email" in changed:
            changed["email"] = f"{username}@{changed['email'].partition('@')[2]}"
    return changed


def _row(name: str, stored: list[StoredEvent]) -> Row:
    plain = sum(len(unpack(each.packed)) for each in stored) / len(stored)
    packed = sum(len(each.packed) for each in stored) / len(stored)
    return Row(f"bytes an event, plain against stored: {name}", f"{plain:.0f} / {packed:.0f} = {plain / packed:.2f}")
