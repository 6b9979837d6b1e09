"""Tenants as types: the slug by which callers name one, and the code by which rows name it."""

import re
from collections.abc import Callable
from typing import NewType

from daybook.ids import ALPHABET

Tenant = NewType("Tenant", str)
"""A tenant's slug, from the authorizer or the operations header. It may change one day, so no event's key holds it."""

TenantCode = NewType("TenantCode", str)
"""Six characters of Crockford's base32, given once and never again. The keys of a tenant's rows begin with it."""

EnvironmentKey = NewType("EnvironmentKey", str)
"""`<code>#<number>`: a tenant's code and an environment's number. The keys of its events and people begin with it."""


SLUG = re.compile(r"[a-z0-9][a-z0-9-]{1,38}")
"""The form of names of tenants and environments. It has no character that separates the parts of keys."""

RESERVED = Tenant("daybook")
"""Whose log shows what operators do with their own keys. Nobody can create it: Daybook makes it when first needed."""


def new_code(random_bytes: Callable[[int], bytes]) -> TenantCode:
    """A random code. 30 bits: whoever stores it has to make sure that no other tenant has it."""
    number = int.from_bytes(random_bytes(4), "big")
    return TenantCode("".join(ALPHABET[number >> shift & 31] for shift in range(25, -1, -5)))


def environment_key(code: TenantCode, number: int) -> EnvironmentKey:
    return EnvironmentKey(f"{code}#{number}")


def code_of(key: EnvironmentKey) -> TenantCode:
    """The tenant whose environment this is."""
    return TenantCode(key.partition("#")[0])
