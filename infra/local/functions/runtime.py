"""One instance of a function in its own process. It does what Lambda's runtime does around a handler.

`instances.py` starts it with only the environment that Lambda would set. It can import only `lambdas/` and the
installed libraries. It receives invocations one at a time from the connection whose descriptor is its argument, and
ends when that connection closes. Its output goes to the log that its parent opened.
"""

import importlib
import json
import os
import sys
import time
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

MAX_BYTES = 6 * 1024 * 1024  # of an invocation's result: Lambda's limit


@dataclass(frozen=True)
class Context:
    aws_request_id: str
    deadline: float  # seconds since 1970
    invoked_function_arn: str
    function_name: str = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
    function_version: str = "$LATEST"
    memory_limit_in_mb: str = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "")
    log_group_name: str = ""
    log_stream_name: str = ""

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self.deadline - time.time()) * 1000))


def main(descriptor: int) -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # so that log lines are written during their call
    module, _, name = os.environ["_HANDLER"].rpartition(".")
    handler = getattr(importlib.import_module(module), name)
    with Connection(descriptor) as invocations:
        invocations.send_bytes(b"ready")
        while True:
            try:
                invocation = json.loads(invocations.recv_bytes())
            except EOFError:
                return
            invocations.send_bytes(outcome(handler, invocation))


def outcome(handler: Any, invocation: dict[str, Any]) -> bytes:
    """`{"result": …}`, or `{"error": {"errorType", "errorMessage"}}` if the handler raised or returned no JSON."""
    try:
        result = handler(invocation["event"], Context(**invocation["context"]))
        written = json.dumps({"result": result}).encode()
        if len(written) > MAX_BYTES:
            raise ValueError(f"the result has {len(written)} bytes; Lambda allows {MAX_BYTES}")  # noqa: TRY301
    except Exception as error:  # noqa: BLE001  any exception of a handler is the invocation's outcome
        traceback.print_exc()
        written = json.dumps({"error": {"errorType": type(error).__name__, "errorMessage": str(error)}}).encode()
    return written


if __name__ == "__main__":
    main(int(sys.argv[1]))
    sys.stdout.flush()
    os._exit(0)  # Lambda ends an instance like this; Python would wait for every thread that a handler left running
