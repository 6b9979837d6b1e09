"""The roles of credentials."""

PRODUCER = "producer"
AUDITOR = "auditor"
ADMIN = "admin"
OPERATIONS = "operations"

ROLES = frozenset({PRODUCER, AUDITOR, ADMIN, OPERATIONS})
