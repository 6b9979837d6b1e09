"""The Django middleware, in Django's own handlers, with and without asyncio."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import path

from daybook_client.current import fill
from tests.support.remembering import Remembering

URLS = ModuleType("urls")
PATH = f"{__name__}."
REMEMBERED = Remembering()


@dataclass
class User:
    """As much of a user as the middleware looks at."""

    name: str
    pk: int = 7
    email: str = ""
    is_authenticated: bool = True

    def get_username(self) -> str:
        return self.name

    def get_full_name(self) -> str:
        return "Jane Roe"


class SignIn:
    """Signs in, after Daybook's middleware has begun, whoever the request names."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if name := request.headers.get("X-User"):
            request.user = User(name)
        return self.get_response(request)


def record(_: HttpRequest) -> HttpResponse:
    REMEMBERED.record("a")
    return HttpResponse("")


async def record_async(_: HttpRequest) -> HttpResponse:
    await asyncio.sleep(0.001)
    REMEMBERED.record("a")
    response = HttpResponse("")
    response.headers["X-Request-Id"] = "own"
    return response


async def record_awaited_user(request: HttpRequest) -> HttpResponse:
    """As `auser()` leaves it, where nobody has read `user` yet."""
    request._acached_user = User(  # noqa: SLF001  Django's own
        "lee.ono", email="lee@ono.example"
    )
    REMEMBERED.record("a")
    return HttpResponse("")


def the_actor(request: HttpRequest) -> dict[str, str]:
    return {"type": "api", "username": request.path}


@pytest.fixture(scope="module", autouse=True)
def django() -> None:
    if not settings.configured:
        settings.configure(SECRET_KEY="any")
    URLS.urlpatterns = [  # type: ignore[attr-defined]
        path("sync", record),
        path("async", record_async),
        path("awaited", record_awaited_user),
    ]


@pytest.fixture(autouse=True)
def configured() -> Iterator[None]:
    REMEMBERED.events.clear()
    middlewares = ["daybook_client.django_middleware.DaybookMiddleware", f"{PATH}SignIn"]
    with override_settings(
        ROOT_URLCONF=URLS, MIDDLEWARE=middlewares, ALLOWED_HOSTS=["*"], SECRET_KEY="any", DAYBOOK={}
    ):
        yield


def get(url: str, *, in_loop: bool = False, headers: dict[str, str] | None = None) -> HttpResponse:
    if not in_loop:
        return Client().get(url, headers=headers)

    async def ask() -> HttpResponse:
        return await AsyncClient().get(url, headers=headers)

    return asyncio.run(ask())


@pytest.mark.parametrize("url", ["/sync", "/async"])
@pytest.mark.parametrize("in_loop", [False, True])
def test_an_event_says_who_and_from_where(url: str, in_loop: bool) -> None:
    """Under WSGI and ASGI, in views of both kinds; the user is whoever was signed in by then."""
    sent = {"X-User": "jane.roe", "User-Agent": "Firefox", "X-Request-Id": "r-1", "X-Forwarded-For": "6.6.6.6"}
    answer = get(url, in_loop=in_loop, headers=sent)
    assert answer.headers["X-Request-Id"] == ("own" if url == "/async" else "r-1")
    assert REMEMBERED.events == [
        {
            "activity": "a",
            "actor": {"type": "user", "id": "7", "username": "jane.roe", "name": "Jane Roe"},
            "context": {"ip": "127.0.0.1", "user_agent": "Firefox", "request_id": "r-1"},
        }
    ]
    assert fill({}) == {}


def test_a_user_that_was_awaited_is_the_actor() -> None:
    """An async view may not read `user` from the database."""
    get("/awaited", in_loop=True)
    assert REMEMBERED.events[0]["actor"] == {
        "type": "user",
        "id": "7",
        "username": "lee.ono",
        "name": "Jane Roe",
        "email": "lee@ono.example",
    }


def test_nobody_is_no_actor() -> None:
    """The event then needs its own, and the request has an id all the same."""
    answer = get("/sync")
    (event,) = REMEMBERED.events
    assert event["actor"] is None
    assert event["context"]["request_id"] == answer.headers["X-Request-Id"]


def test_settings_say_how_to_read_a_request() -> None:
    """Proxies, another actor, another header for the id."""
    options = {"PROXIES": 1, "ACTOR": f"{PATH}the_actor", "REQUEST_ID_HEADER": "X-Trace"}
    with override_settings(DAYBOOK=options):
        answer = get("/sync", headers={"X-Forwarded-For": "6.6.6.6, 203.0.113.7", "X-Trace": "t-1"})
    assert answer.headers["X-Trace"] == "t-1"
    (event,) = REMEMBERED.events
    assert event["actor"] == {"type": "api", "username": "/sync"}
    assert event["context"] == {"ip": "203.0.113.7", "request_id": "t-1"}


def test_requests_at_once_are_each_their_own() -> None:
    """None sees another's user."""

    async def ask() -> None:
        client = AsyncClient()
        asked: list[Awaitable[Any]] = [client.get("/async", headers={"X-User": f"u{n}"}) for n in range(20)]
        await asyncio.gather(*asked)

    asyncio.run(ask())
    assert sorted(event["actor"]["username"] for event in REMEMBERED.events) == sorted(f"u{n}" for n in range(20))
    assert len({event["context"]["request_id"] for event in REMEMBERED.events}) == 20
