"""Native events for the tests of stream formats: any that senders can cause, the demo's, and the fixed examples'."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from hypothesis import strategies as st

from benchmarks.typical import NOW
from daybook.catalogue.profile import profile
from daybook.events.reader import Opened, content_of
from events.demo import PRODUCTS, generate
from tests.support.fixed_events import FIXED, example_of
from tests.support.ingest import SECRET, Sender, seeded_bytes, settings
from tests.support.memory_stores import MemoryEvents, MemoryIdentities, SettingsOf, memory_wiring

ALIASES = profile("generic").aliases
MAX_BATCH = 500

HOSTILE = st.sampled_from(
    ["", " ", "\x00", "\u202e", "\ufffe", "a\nb", '"', "\\", "'; --", "=1+1", "Other", "null", "\U0010ffff", "ΐ"]
)
TEXT = HOSTILE | st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
MAYBE = st.none() | TEXT
NAME = TEXT.filter(bool)
LABELS = st.sampled_from(["Admin", "Tenant Admin", "Non-Admin", "member", "ADMIN", "super-admin", "portal"]) | TEXT

ADDRESS = st.ip_addresses().map(str)
IPV6 = st.ip_addresses(v=6)
PORT = st.integers(0, 70_000)
ADDRESSES = st.one_of(
    ADDRESS,
    st.builds("{}:{}".format, st.ip_addresses(v=4), PORT),
    st.builds("[{}]:{}".format, IPV6, PORT),
    IPV6.map("[{}]".format),
    st.builds("{}%{}".format, IPV6, st.sampled_from(["eth0", "1", "<x>", "\n", "a" * 40])),
    IPV6.map(lambda address: address.exploded.upper()),
    st.ip_addresses(v=4).map("::ffff:{}".format),
    st.ip_addresses(v=4).map("0000:0000:0000:0000:0000:ffff:{}".format),
    st.lists(ADDRESS, min_size=2, max_size=3).map(", ".join),
    st.sampled_from(["unknown", "-", "", "127.1", "010.0.0.1", "1.2.3.4\n", " 1.2.3.4", "1.2.3.4:", "1.2.3.4/8"]),
    st.sampled_from(["1.2.3.4:٣", "1.2.3.4:00080", "[1.2.3.4]:5", "[::1%lo]:80", "localhost:80", "[::1]x", "_x"]),
    TEXT,
)
EMAILS = st.one_of(
    st.emails(),
    st.builds("{}@{}".format, TEXT, TEXT),
    st.sampled_from(["mike@mars.example", "Mike <mike@mars.example>", '"a b"@x.example', "ä@x.example", "a@b", "@"]),
    st.sampled_from(
        ["a..b@x.example", "a@x.example\n", "a@-x.example", "a@1.2.3.4", "a" * 65 + "@x.example", "a,b@c.d"]
    ),
    TEXT,
)

PERSON = st.fixed_dictionaries(
    {
        "id": TEXT,
        "client_id": MAYBE,
        "username": MAYBE,
        "name": MAYBE,
        "email": st.none() | EMAILS,
        "forgotten": st.booleans(),
    }
)
ACTOR = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["user", "system", "api", "operations", "unknown"]),
        "id": st.none() | NAME,
        "client_id": MAYBE,
        "username": st.none() | NAME,
        "name": MAYBE,
        "email": st.none() | EMAILS,
        "user_type": st.none() | LABELS,
        "roles": st.none() | st.lists(LABELS, max_size=3),
        "forgotten": st.booleans(),
        "impersonator": st.none() | PERSON,
    }
).filter(lambda actor: actor["id"] is not None or actor["username"] is not None)
"""A user without a username has a GUID. Other actors are named by the alias where nothing else names them."""

USER = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["user", "User", "USER"]),
        "id": NAME,
        "name": MAYBE,
        "within": st.none(),
        "client_id": MAYBE,
        "username": st.none() | NAME,
        "forgotten": st.booleans(),
    }
)
OBJECT = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["document", "Other", "device", "A.b_c-1"]),
        "id": MAYBE,
        "name": MAYBE,
        "within": st.none() | st.fixed_dictionaries({"type": st.just("case"), "id": TEXT}),
    }
)
SCALAR = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT
PARAMETER = SCALAR | st.lists(TEXT, max_size=2) | st.fixed_dictionaries({"user": TEXT})
CHANGE = st.fixed_dictionaries({"field": TEXT, "from": SCALAR, "to": SCALAR})
NATIVE = st.fixed_dictionaries(
    {
        "id": st.just("01M82P121H2WMHET3C1ACVVHCE4TPPJCN44H"),
        "client_id": MAYBE,
        "sender": st.none() | st.fixed_dictionaries({"credential": TEXT}),
        "tenant": st.just("acme"),
        "environment": st.just("prod"),
        "occurred_at": st.sampled_from(["2026-11-22T16:31:07.123Z", "1970-01-01T00:00:00.000Z"]),
        "received_at": st.just("2026-11-22T16:31:08.000Z"),
        "activity": st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._:-]{0,126}[A-Za-z0-9])?", fullmatch=True)
        | st.sampled_from(["clusters.update", "user.login", "x.doc-deleted", "a.b.item-added", "user.deactivate"]),
        "component": MAYBE,
        "event": NAME,
        "category": TEXT,
        "variant": MAYBE,
        "origin": st.sampled_from(["user", "system"]),
        "status": st.sampled_from(["success", "failure"]),
        "actor": ACTOR,
        "source": st.none() | st.fixed_dictionaries({"type": LABELS}),
        "target": st.none() | USER | OBJECT,
        "params": st.none() | st.dictionaries(st.sampled_from(["a", "b"]), PARAMETER),
        "details": MAYBE,
        "people": st.none() | st.lists(PERSON, max_size=1),
        "changes": st.none() | st.lists(CHANGE, max_size=2),
        "context": st.fixed_dictionaries(
            {"ip": st.none() | ADDRESSES, "user_agent": MAYBE, "session_id": MAYBE, "request_id": MAYBE}
        ),
        "caused_by": MAYBE,
        "adjusted": st.none() | st.lists(TEXT, min_size=1, max_size=2),
    }
)


class StoredLog:
    """Events as they are stored after they were sent over HTTP."""

    def __init__(self, product: str, events: list[dict[str, Any]], tenant: str = "acme") -> None:
        self.events, self._identities = MemoryEvents(), MemoryIdentities()
        own = settings(product, tenant=tenant, retention_days=None)
        wiring = memory_wiring(
            SECRET,
            lambda: NOW,
            seeded_bytes(),
            events=self.events,
            identities=self._identities,
            control=SettingsOf(lambda _: own),
        )
        send = Sender(wiring, tenant)
        for start in range(0, len(events), MAX_BATCH):
            answer = send({"events": events[start : start + MAX_BATCH]})
            assert answer["statusCode"] == 201, answer["body"][:500]

    @property
    def keys(self) -> Mapping[str, bytes]:
        rows = self._identities.rows.items()
        return {key.removeprefix("id#"): row["key"] for (_, key), row in rows if key.startswith("id#")}


@cache
def demo_events(product: str) -> tuple[dict[str, Any], ...]:
    """All events of a product's demo tenant, as they are read."""
    log = StoredLog(product, generate(product, NOW))
    aliases, keys = profile(product).aliases, log.keys
    return tuple(Opened(content_of(each.packed), keys).native(aliases) for each in log.events.events.values())


def fixed_events() -> Iterator[dict[str, Any]]:
    """The fixed examples of the stored format, as they are read; then again with everybody forgotten."""
    for example in map(example_of, FIXED):
        content = content_of(bytes.fromhex(example["packed"]))
        aliases = profile(example["profile"]).aliases
        keys = {guid: bytes.fromhex(key) for guid, key in example["person_keys"].items()}
        yield Opened(content, keys).native(aliases)
        yield Opened(content, {}).native(aliases)


DEMO = sorted(PRODUCTS)
