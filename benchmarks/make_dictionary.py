"""How `lambdas/daybook/events/dictionaries/1.txt` was made: `python -m benchmarks.make_dictionary <file>`.

It was run once. The file is frozen, because events are opened with the dictionary that their first byte names, for
ever. A better dictionary would be number 2.

The documents are the canonical bytes of the products' demo events, of every wording in a catalogue, and of the
contract's example. The dictionary takes from them, one after the other, the stretches whose pieces are in most
documents and not yet in the dictionary (the covering of Liao, Petri, Moffat, Wirth: "Effective construction of
relative Lempel-Ziv dictionaries", 2016). The best come last: near matches cost fewer bits, and over a long event
the window of 4,096 bytes moves on, so the beginning is out of reach first.
"""

import random
import re
import sys
from collections import Counter
from collections.abc import Iterator
from heapq import heapify, heapreplace
from pathlib import Path
from string import ascii_lowercase
from typing import Any

from benchmarks.typical import NOW, stored_forms
from daybook.catalogue.profile import PROFILES, Activity, profile
from daybook.clock import DAY, format_time
from daybook.events.packing import unpack
from daybook.ids import event_id
from events.demo import PRODUCTS, generate
from events.typical import CONTRACT_EXAMPLE, TYPICAL

MAX_BYTES = 4_000
REACH = 3_834
"""zlib looks back no further than its window of 4,096 bytes less 262."""

PIECE = 10
STRETCHES = (12, 16, 24, 32, 48, 64)
EVENTS_A_PRODUCT = 240
EXAMPLES = 30

_TIME = re.compile(rb'"(occurred_at|received_at)":"[^"]*"')
_TENANT = re.compile(rb'"tenant":"[^"]*"')
_CREDENTIAL = re.compile(rb'"credential":"[^"]*"')
_ID = re.compile(rb'"id":"[0-9A-Z]{36}"')
_WORDS = ("Flight Scanner", "Demo App", "Invoices", "alpha", "Team 7", "q3-report", "nightly")


def documents() -> list[bytes]:
    chance = random.Random(1)  # noqa: S311  the same each time
    found: list[bytes] = []
    for product in PRODUCTS:
        events = generate(product, NOW)
        found += _canonical(product, chance.sample(events, min(len(events), EVENTS_A_PRODUCT)))
    for product in PROFILES:
        found += _canonical(product, list(_wordings(product, chance)))
    example = {name: value for name, value in CONTRACT_EXAMPLE.items() if name != "id"}
    found += _canonical("jiffy", [example] * EXAMPLES)
    for product, event in TYPICAL.items():
        found += _canonical(product, [_impersonated(event, number) for number in range(EXAMPLES // 5)])
    return [_at_any_time(document, chance) for document in found]


def _impersonated(event: dict[str, Any], number: int) -> dict[str, Any]:
    """A typical event as a support login leaves it."""
    actor = event["actor"] | {"impersonator": {"id": f"s-{number}", "username": f"support.{number}"}}
    return event | {"id": f"{event['id']}-{number}", "actor": actor}


def _at_any_time(document: bytes, chance: random.Random) -> bytes:
    """The documents are of one autumn, tenant and sender, but the dictionary is for all of them."""
    moment = chance.randrange(NOW, NOW + 3650 * DAY)
    times = {b"occurred_at": moment, b"received_at": moment + chance.randrange(60_000)}
    document = _TIME.sub(lambda found: b'"%s":"%s"' % (found[1], format_time(times[found[1]]).encode()), document)
    document = _CREDENTIAL.sub(b'"credential":"%s"' % chance.randbytes(8).hex().encode(), document)
    document = _TENANT.sub(b'"tenant":"%s"' % "".join(chance.choices(ascii_lowercase, k=9)).encode(), document)
    identifier = f'"id":"{event_id(moment, chance.randbytes(16))}"'.encode()
    return _ID.sub(identifier, document)


def _canonical(product: str, events: list[dict[str, Any]]) -> list[bytes]:
    return [
        unpack(form.packed)
        for start in range(0, len(events), 500)
        for form in stored_forms(product, events[start : start + 500])
    ]


def _wordings(product: str, chance: random.Random) -> Iterator[dict[str, Any]]:
    for activity in profile(product).activities.values():
        if activity.activity.startswith("audit-log."):
            continue
        for variant in activity.variants:
            names = [param.name for param in variant.params if param.type != "event"]
            params: dict[str, Any] = {name: chance.choice(_WORDS) for name in names}
            if len(names) < len(variant.params):
                params |= {"session": {"id": f"{chance.random()}", "occurred_at": "2026-11-22T10:00:00Z"}}
            yield {
                "activity": activity.activity,
                "variant": variant.variant,
                "actor": _actor(activity, variant.origin or activity.origin, chance),
                "params": params,
                "changes": [{"field": "seconds", "from": 660, "to": 600}] if "session" in params else [],
                "target": {"type": activity.activity.split(".")[0], "id": f"{chance.random():.8f}"[2:]},
                "context": {"ip": f"198.51.100.{chance.randrange(256)}", "session_id": f"{chance.random():.8f}"[2:]},
            }


def _actor(activity: Activity, origin: str, chance: random.Random) -> dict[str, Any]:
    if origin == "system":
        return {"type": "system"}
    roles = [activity.required_role or "Admin"]
    return {"type": "user", "username": f"user-{chance.randrange(40)}", "user_type": "Admin", "roles": roles}


def dictionary(documents: list[bytes]) -> bytes:
    common = Counter(piece for document in documents for piece in {*_pieces(document)})
    left = {piece: count for piece, count in common.items() if count > 2}
    # A document's value only ever falls, so it is counted again only if it might be the best.
    queue = [(-worth, stretch, document) for document in documents for worth, stretch in [_best(document, left)]]
    heapify(queue)
    chosen: list[bytes] = []
    while sum(map(len, chosen)) < REACH:
        _, _, document = queue[0]
        worth, stretch = _best(document, left)
        if worth < -min(queue[1], queue[2])[0]:
            heapreplace(queue, (-worth, stretch, document))
            continue
        chosen.append(stretch)
        for piece in _pieces(stretch):
            left.pop(piece, None)
    return b"".join(reversed(chosen))[-REACH:]


def _best(document: bytes, left: dict[bytes, int]) -> tuple[float, bytes]:
    """The stretch of a document with the highest value for each of its bytes."""
    counts = [left.get(piece, 0) for piece in _pieces(document)]
    sums = [0]
    for count in counts:
        sums.append(sums[-1] + count)
    best = (0.0, b"")
    for length in STRETCHES:
        pieces = length - PIECE + 1
        for start in range(len(counts) - pieces + 1):
            worth = (sums[start + pieces] - sums[start]) / length
            if worth > best[0]:
                best = (worth, document[start : start + length])
    return best


def _pieces(document: bytes) -> list[bytes]:
    return [document[start : start + PIECE] for start in range(len(document) - PIECE + 1)]


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(dictionary(documents()))
