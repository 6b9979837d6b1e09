"""Stored bytes of an event: the canonical JSON compared with its packed form, for the demo's events."""

from collections.abc import Iterator

from benchmarks.measuring import Row
from benchmarks.typical import NOW, stored_forms
from daybook.events.item import StoredEvent
from daybook.events.packing import unpack
from events.demo import PRODUCTS, generate
from events.typical import CONTRACT_EXAMPLE


def rows() -> Iterator[Row]:
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


def _row(name: str, stored: list[StoredEvent]) -> Row:
    plain = sum(len(unpack(each.packed)) for each in stored) / len(stored)
    packed = sum(len(each.packed) for each in stored) / len(stored)
    return Row(f"bytes an event, plain against stored: {name}", f"{plain:.0f} / {packed:.0f} = {plain / packed:.2f}")
