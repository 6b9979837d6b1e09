"""Which actors are administrators, from what their events say.

A label names an administrator if one of its words is `admin`, `administrator`, `superadmin`, `sysadmin`, `root` or
such a word's plural, and none is `no`, `non` or `not`. A word is a run of ASCII letters; a capital behind a small
letter begins one. So `ADMIN`, `super-admin`, `OrgAdmins` and `Database Administrator` do, and `Non-Admin` and
`Release Manager` do not.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from daybook.catalogue.aliases import USER

OPERATIONS = "operations"

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
"""Words of `doc-deleted`, `signed_in`, `ConsoleLogin` and `UPD`."""

_ADMINISTRATORS = {"admin", "administrator", "superadmin", "superadministrator", "sysadmin", "root"}
_ADMINISTRATORS |= {f"{word}s" for word in _ADMINISTRATORS}
_NEGATIONS = {"no", "non", "not"}


def words(label: str) -> list[str]:
    """In lower case."""
    return [word.lower() for word in _WORD.findall(label)]


@lru_cache(1_024)
def names_administrator(label: str) -> bool:
    every = set(words(label))
    return not every.isdisjoint(_ADMINISTRATORS) and every.isdisjoint(_NEGATIONS)


def is_administrator(native: Mapping[str, Any]) -> bool:
    """An actor of type `operations`, and a user whose `user_type` or one of whose `roles` names an administrator.

    Also a user of an event whose source type does (Symbee's `ADMIN`, CareAR's `super-admin`), unless the event failed
    (so did the attempt to act as an administrator) or names an impersonator (who used the source).
    """
    actor = native["actor"]
    if actor["type"] != USER:
        return bool(actor["type"] == OPERATIONS)
    labels = [actor["user_type"] or "", *(actor["roles"] or ())]
    if native["source"] is not None and native["status"] == "success" and actor["impersonator"] is None:
        labels.append(native["source"]["type"])
    return any(map(names_administrator, labels))
