"""No key serves two purposes: every place that derives from one is listed here, with its purpose."""

import ast
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from daybook.crypto.keys import CURSOR, JOBS, TENANT_PURPOSES
from tests.support.places import LAMBDAS


class Use(NamedTuple):
    key: str
    """What the key is derived for: one of `TENANT_PURPOSES`, a deployment's key, or a person's."""
    prefix: str = ""
    """What the message begins with. Needed where a key has several uses."""


USES = {
    "crypto/keys.py": (Use("the secrets", "daybook 1 "),),
    "crypto/sealing.py": (Use("person", "daybook 1 seal"), Use("person", "daybook 1 seal")),  # one event, and many
    "events/identity.py": (Use("event id"),),
    "events/item.py": (Use("index", "hidden id"), Use("fingerprint", "event")),
    "events/mentions.py": (Use("address", "oidc"), Use("address", "address"), Use("address", "agent")),
    "jobs/restamp.py": (Use("legal hold", "daybook 1 reason"),),
    "jobs/sealed.py": (Use(JOBS, "daybook 1 job "),),
    "people/identities.py": (Use("name"),),
    "people/tombstones.py": (Use("gone"),),
    "search/cursor.py": (Use(CURSOR),),
    "search/saved_view.py": (Use("view"),),
    "search/search.py": (Use("sort value"),),
    "self_audit/recorder.py": (Use("index", "asked"),),
    "streams/operations.py": (Use("external id", "external id"),),
}
"""By file, in the order of the calls. A new call needs a key or a prefix of its own, and a line here."""

DISTINCT = {(file, use) for file, uses in USES.items() for use in uses}


def calls(path: Path) -> list[ast.Call]:
    """The calls that derive from a key."""
    found = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    return [call for call in found if ast.unparse(call.func) in ("tag", "hkdf", "expand", "hmac.digest", "hmac.new")]


def test_every_use_of_a_key_is_listed() -> None:
    """`hkdf.py` itself holds what the others call."""
    files = {path.relative_to(LAMBDAS).as_posix().removeprefix("daybook/"): path for path in LAMBDAS.rglob("*.py")}
    counted = {file: len(calls(path)) for file, path in files.items() if calls(path)}
    del counted["crypto/hkdf.py"]
    assert counted == {file: len(uses) for file, uses in USES.items()}
    for file, uses in USES.items():
        for use in uses:
            assert use.prefix in files[file].read_text()


def test_no_two_uses_are_the_same() -> None:
    """A key has one use, or each of its uses a prefix, none of which begins with another."""
    uses = [use for _, use in DISTINCT]
    assert len(set(uses)) == len(uses)
    often = {key for key, count in Counter(use.key for use in uses).items() if count > 1}
    for key in often:
        prefixes = sorted(use.prefix for use in uses if use.key == key)
        assert all(prefixes)
        assert not any(later.startswith(earlier) for earlier, later in pairwise(prefixes))


def test_every_key_has_a_purpose_of_its_own() -> None:
    """No two of the labels that keys are derived by are the same, also between tenants' and the deployment's."""
    labels = [*(f"tenant {purpose}" for purpose in TENANT_PURPOSES), CURSOR, JOBS]
    assert len(set(labels)) == len(labels)
    assert {use.key for _, use in DISTINCT} == {*TENANT_PURPOSES, CURSOR, JOBS, "person", "the secrets"}
