"""The query of a saved view, as callers write it: a query string of a search's filters."""

from typing import NoReturn
from urllib.parse import parse_qsl, quote, urlencode

from daybook.errors import FieldError
from daybook.http.problem import Code, Problem, bad_field
from daybook.search.parameters import MAX_VALUES, Parameters, check_bounds, parse_parameters
from daybook.search.saved_view import Pairs

MAX_BYTES = 4 * 1024

NOT_FILTERS = frozenset({"cursor", "environment", "limit", "sort", "tz", "view", "with"})
"""Parameters of a search that are fields of a view, or mean nothing in one."""

_PLAIN = "!*:/@,"
"""Characters that a query may hold as they are (RFC 3986, section 3.4), so that filters stay readable."""


def read_query(text: str) -> list[tuple[str, list[str]]]:
    """The filters and their values, in the order of their names' first places. Raises `Problem` 422."""
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise bad_field("query", f"may have at most {MAX_BYTES} bytes", "invalid_length")
    try:
        given = parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), errors="strict", separator="&")
    except ValueError:
        raise bad_field("query", "must be a query string such as status=failure&actor!=System") from None
    found: dict[str, list[str]] = {}
    for name, value in given:
        if name in NOT_FILTERS:
            raise bad_field("query", f"{name}: is not a filter", "unknown_field")
        found.setdefault(name, []).append(value)
    return list(found.items())


def check_query(query: Pairs, view: str, sort: str) -> Parameters:
    """What a search would take them for. Raises `Problem` 422 for what a search refuses with 400."""
    filters = {name: list(values) for name, values in query}
    try:
        parameters = parse_parameters({**filters, "view": [view], "sort": [sort]})
        check_bounds(filters)
    except Problem as problem:
        _refuse(problem)
    return parameters


def write_query(query: Pairs) -> str:
    return urlencode([(name, value) for name, values in query for value in values], safe=_PLAIN, quote_via=quote)


def is_too_long(query: Pairs) -> bool:
    return sum(len(values) for _, values in query) > MAX_VALUES


def check_people(query: Pairs) -> None:
    """Raises `Problem` 422 where names have become too many GUIDs."""
    if is_too_long(query):
        raise Problem(422, "too_many_people", f"A view names at most {MAX_VALUES} people; a group may help.")


def _refuse(problem: Problem) -> NoReturn:
    errors = [
        error if error.path in ("view", "sort") else FieldError("query", f"{error.path}: {error.message}")
        for error in problem.errors
    ]
    code: Code = "unknown_field" if problem.code == "unknown_parameter" else problem.code
    raise Problem(422, code, problem.detail, errors) from None
