"""A server over real HTTP that answers what a test scripts, and remembers what it was asked."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    """By their names in lower case."""
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: Any = None
    """Bytes as they are, anything else as JSON."""
    headers: dict[str, str] = field(default_factory=dict)
    breaks_after: int | None = None
    """How many bytes of the body are sent before the connection ends."""


Script = Callable[[Asked], Answer]


@dataclass
class ScriptedDaybook:
    url: str
    asked: list[Asked] = field(default_factory=list)

    def paths(self) -> list[str]:
        return [f"{asked.method} {asked.path}" for asked in self.asked]


@contextmanager
def scripted_daybook(script: Script) -> Iterator[ScriptedDaybook]:
    """Serves on a free port of this machine until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.command, parts.path, parse_qs(parts.query, keep_blank_values=True), headers, body)
            daybook.asked.append(asked)
            answer = script(asked)
            payload = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(payload)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(payload if answer.breaks_after is None else payload[: answer.breaks_after])
            self.close_connection = answer.breaks_after is not None

        do_GET = do_POST = do_DELETE = do_PUT = answer  # noqa: N815  the names that http.server calls

        def log_message(self, *_: Any) -> None:
            """Nothing: pytest shows what fails."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    daybook = ScriptedDaybook(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield daybook
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def in_turn(answers: Sequence[Answer]) -> Script:
    """One answer a call, the last for all that follow."""
    left = iter(answers)
    last = answers[-1]
    return lambda _: next(left, last)
