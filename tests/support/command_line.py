"""The command `daybook` in this process: its streams as texts, its keyring a dict, and a Daybook that answers calls."""

import gzip
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from daybook_client.cli.running import run
from daybook_client.cli.surroundings import Surroundings
from daybook_client.transport import Transport

URL = "https://daybook.example"
KEY = "dbk_k1_" + "s" * 32


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class KeysInMemory:
    """A keyring, for as long as the test runs."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], str] = {}

    def get(self, name: str, url: str) -> str | None:
        return self.held.get((name, url))

    def set(self, name: str, url: str, key: str) -> None:
        self.held[name, url] = key

    def remove(self, name: str, url: str) -> None:
        self.held.pop((name, url), None)


@dataclass
class Call:
    method: str
    path: str
    params: Any = None
    json: Any = None
    events: list[dict[str, Any]] = field(default_factory=list)


class AnsweringTransport(Transport):
    """Answers each call by a function, which may raise what the client raises."""

    def __init__(
        self, answer: Callable[[Call], Any], calls: list[Call], url: str, key: str, tenant: str | None
    ) -> None:
        super().__init__(url, key, tenant=tenant)
        self._answer = answer
        self._calls = calls

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Any = None,
        json: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        accept: tuple[int, ...] = (),
    ) -> Any:
        del headers, accept
        call = Call(method, path, params, json, _events(content))
        self._calls.append(call)
        return self._answer(call)


@dataclass
class Ran:
    code: int
    out: str
    err: str
    calls: list[Call]
    waits: list[float]

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


def daybook(
    *arguments: str,
    answer: Callable[[Call], Any] = lambda _call: {},
    terminal: bool = False,
    stdin: str = "",
    keys: KeysInMemory | None = None,
    environ: Mapping[str, str] | None = None,
) -> Ran:
    """Runs the command once. `terminal`: its output is one, 80 columns wide."""
    out = Terminal() if terminal else io.StringIO()
    err, calls, waits = io.StringIO(), list[Call](), list[float]()
    around = Surroundings(
        environ={"DAYBOOK_URL": URL, "DAYBOOK_KEY": KEY} if environ is None else environ,
        stdin=io.StringIO(stdin),
        stdout=out,
        stderr=err,
        keys=keys or KeysInMemory(),
        connect=lambda url, key, tenant: AnsweringTransport(answer, calls, url, key, tenant),
        sleep=waits.append,
    )
    code = run(arguments, around)
    return Ran(code, out.getvalue(), err.getvalue(), calls, waits)


def stored(call: Call) -> dict[str, Any]:
    """The answer to events that are all stored."""
    results = [
        {"index": place, "status": "stored", "id": f"01{place}", "leaf": "00"} for place in range(len(call.events))
    ]
    return {"stored": len(results), "rejected": 0, "results": results}


def page(*events: dict[str, Any], cursor: str | None = None, **more: Any) -> dict[str, Any]:
    return {"events": list(events), "next_cursor": cursor, "scanned": len(events), **more}


def event(username: str = "mike.mars", **fields: Any) -> dict[str, Any]:
    """A native event, shortened."""
    return {
        "id": "01A",
        "occurred_at": "2026-11-22T16:31:07.123Z",
        "activity": "user.signed_in",
        "actor": {"type": "user", "username": username},
        "target": {"type": "invoice", "id": "1042", "name": None},
        "details": None,
        "changes": None,
        "status": "success",
        **fields,
    }


def _events(content: bytes | None) -> list[dict[str, Any]]:
    if content is None:
        return []
    events: list[dict[str, Any]] = json.loads(gzip.decompress(content))["events"]
    return events
