"""What an operation answers: its types by status, and the problems that follow from its route, body and query."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from daybook.http.problem import MEDIA_TYPE, Code
from daybook.http.request import BINARY
from daybook.http.routes import NOT_IN_RESERVED, Route
from infra.openapi.operations import FILE, HASHES, NOTE, PAGE, Operation
from infra.openapi.parameters import tenant_is_in_header
from infra.openapi.problems import (
    EVERYWHERE,
    NOT_OF_RESERVED,
    OF_TENANT_IN_HEADER,
    OF_TENANT_IN_PATH,
    WITH_BODY,
    WITH_CREDENTIAL,
    WITH_FORM,
    WITH_QUERY,
    Problems,
    meaning,
    together,
)
from infra.openapi.schemas import Schemas

JSON = "application/json"
MEDIA_TYPES: Mapping[Any, Sequence[str]] = {
    (PAGE,): ("text/html; charset=utf-8",),
    (FILE,): ("text/javascript; charset=utf-8", "text/css; charset=utf-8", "image/svg+xml"),
    (NOTE,): ("text/plain; charset=utf-8",),
    (HASHES,): (BINARY,),
}
"""Of the answers that are no JSON."""


class Responses:
    """Gathers the problem responses that operations share."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._shared: dict[str, Any] = {}

    @property
    def shared(self) -> dict[str, Any]:
        """The components, by the names under which the operations refer to them."""
        return dict(sorted(self._shared.items()))

    def of(self, route: Route, operation: Operation) -> dict[str, Any]:
        problems = _problems(route, operation)
        answers = {status: self._answer(status, operation, problems.get(status, ())) for status in operation.answers}
        refused = {status: self._problem(status, problems[status]) for status in problems if status not in answers}
        return {str(status): response for status, response in sorted({**answers, **refused}.items())}

    def _answer(self, status: int, operation: Operation, problems: tuple[Code, ...]) -> dict[str, Any]:
        """`problems`: those that come with the same status as an answer."""
        types = operation.answers[status]
        answer: dict[str, Any] = {"description": operation.meanings.get(status, HTTPStatus(status).phrase)}
        if types:
            schema = {} if types in ((FILE,), (HASHES,)) else self._schemas.any_of(types)
            answer["content"] = {media_type: {"schema": schema} for media_type in MEDIA_TYPES.get(types, (JSON,))}
        if problems:
            answer["content"][MEDIA_TYPE] = {"schema": _problem_schema(problems)}
            answer["description"] += f" Or a problem. {_meanings(problems)}"
        return answer | _headers(status, operation)

    def _problem(self, status: int, codes: tuple[Code, ...]) -> dict[str, str]:
        name = ".".join([str(status), *codes])
        self._shared[name] = {
            "description": f"{HTTPStatus(status).phrase}. {_meanings(codes)}",
            "content": {MEDIA_TYPE: {"schema": _problem_schema(codes)}},
            **_headers(status, codes=codes),
        }
        return {"$ref": f"#/components/responses/{name}"}


def _problems(route: Route, operation: Operation) -> dict[int, tuple[Code, ...]]:
    applying: list[Problems] = [EVERYWHERE, operation.problems]
    if route.roles:
        applying.append(WITH_CREDENTIAL)
    if tenant_is_in_header(route):
        applying.append(OF_TENANT_IN_HEADER)
    if "{tenant}" in route.path:
        applying.append(OF_TENANT_IN_PATH)
    if route.operation in NOT_IN_RESERVED:
        applying.append(NOT_OF_RESERVED)
    if operation.body:
        applying.append(WITH_BODY)
        if route.operation != "send_events":  # its report says what is wrong with each event
            applying.append(WITH_FORM)
    if operation.query is not None:
        applying.append(WITH_QUERY)
    return together(*applying)


def _headers(status: int, operation: Operation | None = None, codes: tuple[Code, ...] = ()) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if status == 401:
        # The gateway sends it; a function that is called without a credential has none to name.
        headers["WWW-Authenticate"] = _header("The kind of credential that is needed.") | {"required": False}
    if status in (429, 500, 502, 503, 504) or "not_sealed_yet" in codes:
        headers["Retry-After"] = _header("The seconds after which to try again.", "integer")
    if status in (404, 500) and headers:
        # `unknown_format` lasts until operators act, and what is `not_found` for good.
        headers["Retry-After"] |= {"required": False}
    if status in (200, 304) and operation and 304 in operation.answers:
        headers["ETag"] = _header("Names this version of the document.")
    if status == 200 and operation and operation.is_of_log:
        headers["Daybook-Log"] = _header("The log's name.") | {"required": False}  # absent while there is none
    if status in (201, 202, 308) and operation and operation.has_location:
        headers["Location"] = _header("The page's address." if status == 308 else "The path of what was made.")
    return {"headers": headers} if headers else {}


def _header(description: str, kind: str = "string") -> dict[str, Any]:
    return {"description": description, "required": True, "schema": {"type": kind}}


def _problem_schema(codes: tuple[Code, ...]) -> dict[str, Any]:
    reference = {"$ref": "#/components/schemas/ProblemDocument"}
    return {"allOf": [reference, {"properties": {"code": {"enum": list(codes)}}}]}


def _meanings(codes: tuple[Code, ...]) -> str:
    return " ".join(meaning(code) for code in codes)
