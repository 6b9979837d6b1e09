"""Rejection of an event that can be read but not accepted."""

from typing import Literal

from daybook.errors import FieldError
from daybook.shape import MAX_FAULTS

RejectionCode = Literal[
    "actor_required",
    "before_audit",
    "doubled_key",
    "id_conflict",
    "id_needs_time",
    "in_future",
    "invalid_adjustment",
    "invalid_length",
    "invalid_time",
    "invalid_type",
    "invalid_value",
    "missing_field",
    "missing_params",
    "out_of_scope",
    "past_retention",
    "reserved_activity",
    "role_required",
    "too_large",
    "unknown_activity",
    "unknown_environment",
    "unknown_field",
    "unknown_variant",
    "variant_needed",
]
"""Every code that a rejected event can have."""


class Rejected(Exception):  # noqa: N818  the contract's word
    """Tells why an event is not stored: a stable code and the fields at fault."""

    def __init__(self, code: RejectionCode, *errors: FieldError) -> None:
        super().__init__(code)
        self.code: RejectionCode = code
        self.errors = errors

    @classmethod
    def all_of(cls, faults: "list[Rejected]") -> "Rejected":
        """All faults of one event as one, of each field the first. Its code is that of the first."""
        errors: dict[str, FieldError] = {}
        for fault in faults:
            for error in fault.errors:
                errors.setdefault(error.path, error)
        return cls(faults[0].code, *list(errors.values())[:MAX_FAULTS])
