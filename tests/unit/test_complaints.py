"""msgspec's complaints, read as codes and paths of the contract."""

from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta, Struct

from daybook.complaints import Complaint, read_complaint

Short = Annotated[str, Meta(max_length=3)]


class Inner(Struct, forbid_unknown_fields=True):
    name: Short


class Form(Struct, forbid_unknown_fields=True):
    kind: Literal["a", "b"] = "a"
    count: Annotated[int, Meta(ge=1)] = 1
    inner: Inner | None = None
    many: list[Inner] = []
    named: dict[Short, int] = {}


@pytest.mark.parametrize(
    ("sent", "code", "path"),
    [
        ({"x": 1}, "unknown_field", "x"),
        ({"x - at `$.y": 1}, "unknown_field", "x - at `$.y"),
        ({"inner": {"name": "a", "": 1}}, "unknown_field", "inner."),
        ({"inner": {}}, "missing_field", "inner.name"),
        ({"many": [{"name": "a"}, {"name": "abcd"}]}, "invalid_length", "many[1].name"),
        ({"many": {}}, "invalid_type", "many"),
        ({"kind": "c"}, "invalid_value", "kind"),
        ({"kind": "of length , got `"}, "invalid_value", "kind"),
        ({"count": 0}, "invalid_value", "count"),
        ({"named": {"a": "1"}}, "invalid_type", "named[...]"),
        ([], "invalid_type", ""),
    ],
)
def test_a_complaint_names_its_field(sent: Any, code: str, path: str) -> None:
    """By the whole path, whatever a sender's own names look like."""
    complaint = complaint_of(sent)
    assert (complaint.code, complaint.path, complaint.of_key) == (code, path, False)


def test_a_fault_in_a_key_is_told_from_one_in_a_value() -> None:
    """The path is that of the object."""
    assert complaint_of({"named": {"abcd": 1}}) == Complaint(
        "invalid_length", "named", "must be `str` of length <= 3", of_key=True
    )


def complaint_of(sent: Any) -> Complaint:
    with pytest.raises(msgspec.ValidationError) as raised:
        msgspec.convert(sent, Form)
    return read_complaint(str(raised.value))
