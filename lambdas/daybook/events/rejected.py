"""Rejection of an event that can be read but not accepted."""

from daybook.errors import FieldError


class Rejected(Exception):  # noqa: N818  the contract's word
    """Tells why an event is not stored: a stable code and the fields at fault."""

    def __init__(self, code: str, *errors: FieldError) -> None:
        super().__init__(code)
        self.code = code
        self.errors = errors
