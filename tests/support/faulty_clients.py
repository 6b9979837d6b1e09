"""DynamoDB clients that fail like the real service, in front of one that works."""

from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError

Answer = Callable[[Any, list[dict[str, Any]]], dict[str, Any]]
"""Answers one call, given the working client and the statements."""

THROTTLED = {"Error": {"Code": "ThrottlingError", "Message": "The level of configured throughput was exceeded"}}


class FaultyClient:
    """`faults` answer the next calls of BatchExecuteStatement in turn. The client answers all later ones."""

    def __init__(self, client: Any, faults: Iterator[Answer]) -> None:
        self._client = client
        self._faults = faults
        self.calls = 0

    def batch_execute_statement(self, Statements: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803  botocore's
        self.calls += 1
        fault = next(self._faults, works)
        return fault(self._client, Statements)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


def works(client: Any, statements: list[dict[str, Any]]) -> dict[str, Any]:
    answer: dict[str, Any] = client.batch_execute_statement(Statements=statements)
    return answer


def every_statement_throttled(_client: Any, statements: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Responses": [THROTTLED] * len(statements)}


def every_other_statement_throttled(client: Any, statements: list[dict[str, Any]]) -> dict[str, Any]:
    answers = iter(works(client, statements[::2])["Responses"])
    return {"Responses": [THROTTLED if place % 2 else next(answers) for place in range(len(statements))]}


def whole_call_throttled(_client: Any, _statements: list[dict[str, Any]]) -> dict[str, Any]:
    error = {"Error": {"Code": "ThrottlingException", "Message": ""}}
    raise ClientError(error, "BatchExecuteStatement")


def answer_lost(client: Any, statements: list[dict[str, Any]]) -> dict[str, Any]:
    """The items are written, but the answer is lost."""
    works(client, statements)
    raise ReadTimeoutError(endpoint_url="https://dynamodb.example")


def never_arrived(_client: Any, _statements: list[dict[str, Any]]) -> dict[str, Any]:
    raise ReadTimeoutError(endpoint_url="https://dynamodb.example")


def forbidden(_client: Any, _statements: list[dict[str, Any]]) -> dict[str, Any]:
    error = {"Error": {"Code": "AccessDeniedException", "Message": "not authorized to perform: dynamodb:PartiQLInsert"}}
    raise ClientError(error, "BatchExecuteStatement")


def failing(code: str, operation: str, reasons: tuple[str, ...] = ()) -> ClientError:
    """DynamoDB's error with this code. `reasons` are the reasons why a transaction was cancelled."""
    answer: Any = {"Error": {"Code": code, "Message": ""}}
    if reasons:
        answer["CancellationReasons"] = [{"Code": reason} for reason in reasons]
    return ClientError(answer, operation)


class FailingClient:
    """Each call of the named operations fails with the next of `errors`. All later calls work."""

    def __init__(self, client: Any, operations: tuple[str, ...], errors: Iterator[Exception]) -> None:
        self._client = client
        self._operations = operations
        self._errors = errors
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)
        if name not in self._operations:
            return call

        def failing_call(**arguments: Any) -> Any:
            self.calls += 1
            error = next(self._errors, None)
            if error is not None:
                raise error
            return call(**arguments)

        return failing_call
