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
        """Half of the batches of statements are throttled in part: some statements are done, the others have errors."""
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        operation, call = asked(environ, body)
        done = call["Statements"][: len(call["Statements"]) // 2] if operation == "BatchExecuteStatement" else []
        if part < 0.5 or not done:
            return _error(400, THROTTLING)
        written = json.dumps({**call, "Statements": done}).encode()
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(written), str(len(written))
        answer = Response.from_app(super().__call__, environ)
        if answer.status_code != 200:
            return answer
        left = [{"Error": {"Code": "ProvisionedThroughputExceeded", "Message": "throttled"}}] * (
            len(call["Statements"]) - len(done)
        )
        responses = json.loads(answer.get_data())["Responses"] + left
        return Response(json.dumps({"Responses": responses}), content_type="application/x-amz-json-1.0")


def _error(status: int, code: str) -> Response:
    content = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "injected"})
    return Response(content, status=status, content_type="application/x-amz-json-1.0")


if __name__ == "__main__":
    vars(server)["Permissions"] = FaultyDynamoDB
    status = __main__.main()
    sys.stdout.flush()
    os._exit(status)
