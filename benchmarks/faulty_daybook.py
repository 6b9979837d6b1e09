"""`make run` with a DynamoDB that fails: it throttles, loses answers, answers 5xx, and is slow.

Calls of the functions alone are affected, and only while the file that `DAYBOOK_FAULTS` names exists.
"""

import io
import json
import os
import random
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from werkzeug.wrappers import Response

from infra.local import __main__, server
from infra.local.aws.iam import Permissions, asked, signed_with

THROTTLED, LOST, FAILED, SLOW = 0.30, 0.03, 0.03, 0.03
"""The share of calls."""
SECONDS = (0.2, 5.0)
"""How slow a slow answer is. The functions' clients wait 4 s."""

THROTTLING = "ProvisionedThroughputExceededException"


class FaultyDynamoDB(Permissions):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._random = random.Random(1)  # noqa: S311  which calls fail needs no secrecy
        self._lock = threading.Lock()
        self._on = Path(os.environ["DAYBOOK_FAULTS"])

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        key, service = signed_with(environ)
        if service != "dynamodb" or key not in self.callers or not self._on.exists():
            return super().__call__(environ, start_response)
        with self._lock:
            chance, part, seconds = self._random.random(), self._random.random(), self._random.uniform(*SECONDS)
        answer: Response | None = None
        if chance < THROTTLED:
            answer = self._throttled(environ, part)
        elif chance < THROTTLED + FAILED:
            answer = _error(500, "InternalServerError")
        elif chance < THROTTLED + FAILED + LOST:
            Response.from_app(super().__call__, environ)  # it is done, and nobody hears of it
            answer = _error(500, "InternalServerError")
        elif chance < THROTTLED + FAILED + LOST + SLOW:
            time.sleep(seconds)
        return super().__call__(environ, start_response) if answer is None else answer(environ, start_response)

    def _throttled(self, environ: dict[str, Any], part: float) -> Response:
        """Half of the batches are done in part, and what is left of them is throttled."""
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        operation, call = asked(environ, body)
        if part < 0.5 and operation == "BatchExecuteStatement":
            statements = call["Statements"]
            done = self._answered(environ, {**call, "Statements": statements[: len(statements) // 2]}, "Statements")
            left = [{"Error": {"Code": "ProvisionedThroughputExceeded", "Message": "injected"}}]
            responses = done.get("Responses", [])
            return _json({"Responses": responses + left * (len(statements) - len(responses))})
        if part < 0.5 and operation == "BatchGetItem":
            halves = {table: _halves(wanted) for table, wanted in call["RequestItems"].items()}
            wanted = {table: first for table, (first, _) in halves.items() if first["Keys"]}
            done = self._answered(environ, {**call, "RequestItems": wanted}, "RequestItems")
            return _json(
                {"Responses": {}, **done, "UnprocessedKeys": {table: rest for table, (_, rest) in halves.items()}}
            )
        if operation == "TransactWriteItems":
            reasons = [{"Code": "ThrottlingError", "Message": "injected"}] * len(call["TransactItems"])
            return _error(400, "TransactionCanceledException", CancellationReasons=reasons)
        return _error(400, THROTTLING)

    def _answered(self, environ: dict[str, Any], call: dict[str, Any], part: str) -> dict[str, Any]:
        """The answer to this call, which is empty if the call has nothing in it."""
        if not call[part]:
            return {}
        written = json.dumps(call).encode()
        environ = {**environ, "wsgi.input": io.BytesIO(written), "CONTENT_LENGTH": str(len(written))}
        answer = Response.from_app(super().__call__, environ)
        if answer.status_code != 200:
            raise RuntimeError(answer.get_data(as_text=True))
        found: dict[str, Any] = json.loads(answer.get_data())
        return found


def _halves(wanted: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    keys = wanted["Keys"]
    middle = len(keys) // 2
    return {**wanted, "Keys": keys[:middle]}, {**wanted, "Keys": keys[middle:]}


def _json(content: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(content), status=status, content_type="application/x-amz-json-1.0")


def _error(status: int, code: str, **more: Any) -> Response:
    return _json({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "injected", **more}, status)


if __name__ == "__main__":
    vars(server)["Permissions"] = FaultyDynamoDB
    status = __main__.main()
    sys.stdout.flush()
    os._exit(status)
