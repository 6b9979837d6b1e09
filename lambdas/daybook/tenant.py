"""The tenant as a type."""

import re
from typing import NewType

Tenant = NewType("Tenant", str)
"""A tenant's slug, checked by the authorizer or taken from the operations header. Every key begins with it."""

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{1,38}")
"""The form of names of tenants and environments. It has no character that separates the parts of keys."""
