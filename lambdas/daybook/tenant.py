"""The tenant as a type: the slug that has passed the authorizer."""

import re
from typing import NewType

Tenant = NewType("Tenant", str)
"""A tenant's slug that has passed the authorizer, or the operations header: the first part of every key."""


SLUG = re.compile(r"[a-z0-9][a-z0-9-]{1,38}")
"""Tenants and environments: nothing in them can bend a key."""
