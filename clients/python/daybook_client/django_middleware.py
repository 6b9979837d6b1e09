"""For Django: every event that a request records says who and from where.

    MIDDLEWARE = [..., "django.contrib.auth.middleware.AuthenticationMiddleware",
                  "daybook_client.django_middleware.DaybookMiddleware"]
    DAYBOOK = {"URL": "https://daybook.example.com", "KEY": os.environ["DAYBOOK_KEY"], "PROXIES": 1}

In a view: `daybook().record("invoice.approved", target={"type": "invoice", "id": "1042"})`.

| setting | meaning |
|---|---|
| `URL`, `KEY`, `ENVIRONMENT` | those of `Daybook`; the variables `DAYBOOK_URL` and `DAYBOOK_KEY` unless given |
| `PROXIES` | how many proxies of yours stand before the application; 0, the address is the connection's |
| `ACTOR` | path of a function that is given the request and returns the actor, or None; unless given, `request.user` |
| `REQUEST_ID_HEADER` | whence the request's id is taken, and how it is answered; `X-Request-Id` |
"""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache, partial
from typing import Any, Union, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.module_loading import import_string

from daybook_client.client import Daybook
from daybook_client.current import Acting, now_acting
from daybook_client.forwarded import client_address, request_id_of, user_agent_of

ActorOf = Callable[[HttpRequest], Union[Mapping[str, Any], None]]
Answer = Union[HttpResponseBase, Awaitable[HttpResponseBase]]

_making = threading.Lock()


def daybook() -> Daybook:
    """The one `Daybook` of this process, made from the settings when it is first asked for."""
    with _making:
        return _made()


@lru_cache(maxsize=1)
def _made() -> Daybook:
    options = _options()
    return Daybook(options.get("URL"), options.get("KEY"), environment=options.get("ENVIRONMENT"))


class DaybookMiddleware:
    """Fills in address, user agent, request id and actor, under WSGI and ASGI. It records nothing by itself.

    The actor is asked for when an event is recorded without one. Where Django has not read the user by then, an async
    view awaits `request.auser()` before it records. What a streamed answer records while it streams is not filled in.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Answer]) -> None:
        options = _options()
        self._get_response = get_response
        self._proxies: int = options.get("PROXIES", 0)
        self._header: str = options.get("REQUEST_ID_HEADER", "X-Request-Id")
        self._actor: ActorOf = import_string(options["ACTOR"]) if "ACTOR" in options else user_of
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Answer:
        if self._is_async:
            return self._answer_async(request)
        acting = self._acting(request)
        with now_acting(acting):
            return self._marked(cast("HttpResponseBase", self._get_response(request)), acting)

    async def _answer_async(self, request: HttpRequest) -> HttpResponseBase:
        acting = self._acting(request)
        with now_acting(acting):
            return self._marked(await cast("Awaitable[HttpResponseBase]", self._get_response(request)), acting)

    def _acting(self, request: HttpRequest) -> Acting:
        forwarded = request.headers.get("X-Forwarded-For")
        return Acting(
            actor=partial(self._actor, request),
            ip=client_address(request.META.get("REMOTE_ADDR"), [forwarded] if forwarded else [], self._proxies),
            user_agent=user_agent_of(request.headers.get("User-Agent")),
            request_id=request_id_of(request.headers.get(self._header)),
        )

    def _marked(self, response: HttpResponseBase, acting: Acting) -> HttpResponseBase:
        response.headers.setdefault(self._header, acting.request_id)
        return response


def user_of(request: HttpRequest) -> dict[str, Any] | None:
    """The signed-in user as an actor: primary key, username, e-mail and full name; None for nobody."""
    # What `auser()` has read: in an async view `user` may not go to the database.
    user: Any = getattr(request, "_acached_user", None) or getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return None
    found = {"id": str(user.pk), "username": user.get_username()}
    more = {"email": getattr(user, "email", None), "name": getattr(user, "get_full_name", str)()}
    return {"type": "user", **found, **{name: value for name, value in more.items() if value}}


def _options() -> dict[str, Any]:
    options: dict[str, Any] = getattr(settings, "DAYBOOK", {})
    return options
