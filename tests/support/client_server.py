"""A server with the contract's one rule that matters to a sender: the same id at the same time is one event."""

import gzip
import json
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class Log:
    """What a tenant's log would hold. Counts how often each event really was appended: once."""

    def __init__(self) -> None:
        self.events: dict[tuple[str, str], dict[str, Any]] = {}
        self.received = 0
        self.conflicts = 0
        self._lock = threading.Lock()

    def take(self, body: bytes) -> list[dict[str, Any]]:
        """The results for a batch. Raises ValueError for what is none."""
        text = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
        events = json.loads(text)["events"]
        if not 1 <= len(events) <= 500:
            raise ValueError(f"{len(events)} events")
        return [self.append(place, event) for place, event in enumerate(events)]

    def append(self, place: int, event: dict[str, Any]) -> dict[str, Any]:
        """The result for one event, which stands at this place of its batch."""
        with self._lock:
            return self._result(place, event)

    def _result(self, place: int, event: dict[str, Any]) -> dict[str, Any]:
        self.received += 1
        key = (event["id"], event["occurred_at"])
        if self.events.setdefault(key, event) != event:
            self.conflicts += 1
            return {"index": place, "status": "rejected", "code": "id_conflict", "errors": []}
        return {"index": place, "status": "stored", "id": f"daybook-{event['id']}", "leaf": "00"}


def answer_of(results: list[dict[str, Any]]) -> tuple[int, bytes]:
    """Status and body, as the contract has them."""
    stored = sum(result["status"] == "stored" for result in results)
    status = 201 if stored == len(results) else 207 if stored else 422
    return status, json.dumps({"stored": stored, "rejected": len(results) - stored, "results": results}).encode()


class Server:
    """A log behind HTTP on this machine. `reply`, where given, answers in the log's place: status, headers, body.

    A body may be shorter than its Content-Length says; a status of 0 closes the connection without a word.
    """

    def __init__(
        self, log: Log, reply: Callable[[bytes], tuple[int, dict[str, str], bytes] | None] | None = None
    ) -> None:
        self.log = log
        self.requests: list[tuple[str, dict[str, str]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                made = reply(body) if reply else None
                if made is None:
                    status, answer = answer_of(outer.log.take(body))
                    made = status, {"Content-Type": "application/json"}, answer
                status, headers, answer = made
                if status == 0:
                    self.close_connection = True
                    return
                self.send_response(status)
                for name, value in {"Content-Length": str(len(answer)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)
                if "Content-Length" in headers:
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        class Http(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """A client that is gone is what these tests are about."""

        self._http = Http(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()


if __name__ == "__main__":  # in a process of its own: prints its URL, then what it holds once its input ends
    with Server(Log()) as server:
        print(server.url, flush=True)  # noqa: T201  whoever started it reads it
        sys.stdin.read()
        print(json.dumps({"stored": len(server.log.events), "received": server.log.received}), flush=True)  # noqa: T201
