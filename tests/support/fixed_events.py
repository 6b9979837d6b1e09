"""The fixed examples of the stored format: events as sent, and exactly what is stored of them.

`python -m tests.support.fixed_events` writes them anew, with the worked example of `docs/reference/format.md`. That is
done before the first release and never again: what is stored then has to be read for ever.
"""

import hashlib
import itertools
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from daybook.clock import parse_time
from daybook.events.decoding import decode_events
from daybook.events.item import StoredEvent
from daybook.events.packing import unpack
from daybook.http.caller import Caller
from ingest.handler import ingest_over
from tests.support.ingest import settings
from tests.support.memory_stores import MemoryEvents, MemoryIdentities, memory_wiring
from tests.support.places import LAMBDAS, ROOT

FIXED = sorted((ROOT / "tests" / "unit" / "events" / "fixed").glob("*.json"))
SECRET = b"the secret of the fixed examples"
PAGE = ROOT / "docs" / "reference" / "format.md"
ON_THE_PAGE = "worked-example"
DICTIONARY = LAMBDAS / "daybook" / "events" / "dictionaries" / "1.txt"

_BLOCK = re.compile(r"(?<=<!-- worked example -->\n).*?(?=<!-- end of worked example -->)", re.DOTALL)
_WIDTH = 112


class Stored(NamedTuple):
    event: StoredEvent
    person_keys: Mapping[str, bytes]


def numbered_bytes() -> Callable[[int], bytes]:
    """The nth answer depends only on n. It gives people's GUIDs and keys, salts, and ids that the sender left out."""
    numbers = itertools.count()
    return lambda length: hashlib.shake_256(b"%d" % next(numbers)).digest(length)


def stored(example: Mapping[str, Any]) -> Stored:
    events, identities, chance = MemoryEvents(), MemoryIdentities(), numbered_bytes()
    now_ms = parse_time(example["received_at"])
    ingest = ingest_over(memory_wiring(SECRET, lambda: now_ms, chance, events=events, identities=identities))
    caller = Caller("producer", "acme", "*", "k", "")
    sent = decode_events(json.dumps(example["sent"]).encode())
    (result,) = ingest.store(settings(example["profile"]), caller, sent, lambda: 10.0)
    assert result.status == "stored", result
    (event,) = events.events.values()
    keys = {key.removeprefix("id#"): row["key"] for (_, key), row in identities.rows.items() if key.startswith("id#")}
    return Stored(event, keys)


def as_file(event: StoredEvent) -> dict[str, Any]:
    return {
        "id": event.id,
        "canonical": unpack(event.packed).decode(),
        "leaf": event.leaf.hex(),
        "fingerprint": None if event.fingerprint is None else event.fingerprint.hex(),
        "expires_at": event.expires_at,
        "keys": {
            "pk": event.partition,
            "by_actor": event.by_actor,
            "by_activity": event.by_activity,
            "by_target": event.by_target,
            "by_within": event.by_within,
        },
    }


def page_block(example: Mapping[str, Any]) -> str:
    """The worked example as the page shows it: names and values, long values in several lines."""
    written, known = example["stored"], settings(example["profile"])
    values = {
        "secret": SECRET.decode(),
        "tenant's code": known.code,
        "environment's number": str(known.environments.index(example["sent"].get("environment", "prod"))),
        "dictionary 1, SHA-256": hashlib.sha256(DICTIONARY.read_bytes()).hexdigest(),
        "sent": json.dumps(example["sent"], ensure_ascii=False),
        **written["keys"],
        "sk": written["id"],
        "expires_at": str(written["expires_at"]),
        "f": written["fingerprint"],
        "z": example["packed"],
        **{f"key of {guid}": key for guid, key in example["person_keys"].items()},
        "canonical bytes": written["canonical"],
        "leaf": written["leaf"],
    }
    return "```text\n" + "".join(_lines(name, value) for name, value in values.items()) + "```\n"


def _lines(name: str, value: str) -> str:
    if len(name) + len(value) + 2 <= _WIDTH:
        return f"{name}: {value}\n"
    pieces = [value[start : start + _WIDTH] for start in range(0, len(value), _WIDTH)]
    return f"{name}:\n" + "".join(f"  |{piece}|\n" for piece in pieces)


def written_page(text: str, example: Mapping[str, Any]) -> str:
    block = page_block(example)
    return _BLOCK.sub(lambda _: block, text)


def example_of(path: Path) -> dict[str, Any]:
    example: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return example


def main() -> None:
    for path in FIXED:
        given = example_of(path)
        event, person_keys = stored(given)
        example = {name: given[name] for name in ("profile", "received_at", "sent")} | {
            "stored": as_file(event),
            "packed": event.packed.hex(),
            "person_keys": {guid: key.hex() for guid, key in person_keys.items()},
        }
        path.write_text(json.dumps(example, indent=2, ensure_ascii=False) + "\n", "utf-8")
        if path.stem == ON_THE_PAGE:
            PAGE.write_text(written_page(PAGE.read_text("utf-8"), example), "utf-8")


if __name__ == "__main__":
    main()
