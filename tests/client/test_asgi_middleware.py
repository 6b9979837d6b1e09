"""The ASGI middleware, bare and under FastAPI."""

import asyncio
from collections import Counter
from typing import Any

import httpx
import pytest
from fastapi import BackgroundTasks, Depends, FastAPI, Request

from daybook_client.asgi_middleware import DaybookMiddleware
from daybook_client.current import fill
from tests.support.remembering import Remembering


def signed_in(request: Request) -> None:
    """A sign-in that runs within the application, after the middleware."""
    name = request.headers.get("x-user")
    if name:
        request.state.daybook_actor = {"type": "user", "username": name}


def application(daybook: Remembering, **options: Any) -> FastAPI:
    app = FastAPI(dependencies=[Depends(signed_in)])

    @app.get("/async")
    async def in_the_loop() -> str:
        await asyncio.sleep(0.001)
        return daybook.record("a")

    @app.get("/thread")
    def in_a_thread() -> str:
        return daybook.record("a")

    @app.get("/later")
    async def in_the_background(tasks: BackgroundTasks) -> None:
        tasks.add_task(daybook.record, "a")

    @app.get("/nothing")
    async def nothing() -> None: ...

    actor = options.pop("actor", lambda scope: scope.get("state", {}).get("daybook_actor"))
    app.add_middleware(DaybookMiddleware, actor=actor, **options)
    return app


def client(app: FastAPI, address: str = "198.51.100.9") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, client=(address, 1234))
    return httpx.AsyncClient(transport=transport, base_url="http://app.example")


@pytest.mark.parametrize("path", ["/async", "/thread", "/later"])
def test_an_event_says_who_and_from_where(path: str) -> None:
    """However the application runs its code."""
    daybook = Remembering()

    async def ask() -> httpx.Response:
        headers = {"X-User": "jane.roe", "User-Agent": "Firefox", "X-Request-Id": "r-1", "X-Forwarded-For": "6.6.6.6"}
        async with client(application(daybook)) as http:
            return await http.get(path, headers=headers)

    assert asyncio.run(ask()).headers["X-Request-Id"] == "r-1"
    assert daybook.events == [
        {
            "activity": "a",
            "actor": {"type": "user", "username": "jane.roe"},
            "context": {"ip": "198.51.100.9", "user_agent": "Firefox", "request_id": "r-1"},
        }
    ]


def test_behind_proxies_the_address_is_the_clients() -> None:
    """As many as were said, no more."""
    daybook = Remembering()

    async def ask() -> None:
        async with client(application(daybook, proxies=1)) as http:
            await http.get("/async", headers={"X-Forwarded-For": "6.6.6.6, 203.0.113.7"})

    asyncio.run(ask())
    assert daybook.events[0]["context"]["ip"] == "203.0.113.7"


def test_requests_at_once_are_each_their_own() -> None:
    """None sees another's actor or id, and nothing is left behind."""
    daybook = Remembering()

    async def ask() -> list[httpx.Response]:
        async with client(application(daybook)) as http:
            asked = [http.get(path, headers={"X-User": f"u{n}"}) for n in range(20) for path in ("/async", "/thread")]
            answers = list(await asyncio.gather(*asked))
            assert fill({}) == {}
            return answers

    answers = asyncio.run(ask())
    names = Counter(event["actor"]["username"] for event in daybook.events)
    assert names == {f"u{n}": 2 for n in range(20)}
    ids = {event["context"]["request_id"] for event in daybook.events}
    assert len(ids) == 40
    assert ids == {answer.headers["X-Request-Id"] for answer in answers}


def test_an_actor_is_asked_for_by_what_is_recorded_alone() -> None:
    """A request that records nothing asks nobody."""

    def nobody(_: Any) -> None:
        raise AssertionError("asked")

    async def ask() -> int:
        async with client(application(Remembering(), actor=nobody)) as http:
            return (await http.get("/nothing")).status_code

    assert asyncio.run(ask()) == 200


def test_what_is_no_request_passes_through() -> None:
    """The lifespan has no client, a Unix socket no address. A header that the application sets stays."""
    seen: list[Any] = []

    async def app(scope: Any, _: Any, send: Any) -> None:
        seen.append((scope["type"], fill({}).get("context")))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"X-Request-Id", b"own")]})

    async def ask(scope: dict[str, Any]) -> None:
        async def send(message: Any) -> None:
            seen.append(message.get("headers"))

        await DaybookMiddleware(app)(scope, lambda: asyncio.sleep(0), send)  # type: ignore[arg-type, return-value]

    asyncio.run(ask({"type": "lifespan"}))
    asyncio.run(ask({"type": "http", "client": None, "headers": [(b"x-request-id", b"r-1")]}))
    own = [(b"X-Request-Id", b"own")]
    assert seen == [("lifespan", None), own, ("http", {"request_id": "r-1"}), own]
