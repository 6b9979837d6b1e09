"""For FastAPI, Starlette and any other ASGI application: every event that a request records says who and from where."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from functools import partial
from typing import Any, Union

from daybook_client.current import Acting, now_acting
from daybook_client.forwarded import client_address, request_id_of, user_agent_of

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
ActorOf = Callable[[Scope], Union[Mapping[str, Any], None]]


class DaybookMiddleware:
    """Fills in address, user agent, request id and actor. It records nothing by itself.

        app.add_middleware(DaybookMiddleware, proxies=1, actor=lambda scope: scope.get("state", {}).get("actor"))

    - `proxies`: how many proxies of yours stand before the application. `X-Forwarded-For` is believed for that many
      entries and no more; with 0 the address is the connection's. A server that reads the header itself (uvicorn does,
      of a proxy on its own machine, unless started with `--no-proxy-headers`) has put the result there: leave it at 0.
    - `actor`: asked with the ASGI scope when an event is recorded without an actor, so after your sign-in has run.
    - `request_id_header`: whence the request's id is taken. Without one, or with one of over 128 characters or with
      blanks, an id is made up. The answer carries it, unless the application has set that header.
    """

    def __init__(
        self,
        app: Application,
        *,
        proxies: int = 0,
        actor: ActorOf | None = None,
        request_id_header: str = "X-Request-Id",
    ) -> None:
        self.app = app
        self._proxies = proxies
        self._actor = actor
        self._request_id_header = request_id_header.lower().encode("latin-1")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        request_id = request_id_of(_header(scope, self._request_id_header))
        with now_acting(self._acting(scope, request_id)):
            await self.app(scope, receive, partial(self._send, send, request_id))

    def _acting(self, scope: Scope, request_id: str) -> Acting:
        client = scope.get("client")  # none on a Unix socket
        forwarded = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
        return Acting(
            actor=None if self._actor is None else partial(self._actor, scope),
            ip=client_address(client[0] if client else None, forwarded, self._proxies),
            user_agent=user_agent_of(_header(scope, b"user-agent")),
            request_id=request_id,
        )

    async def _send(self, send: Send, request_id: str, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers") or [])
            if not any(name.lower() == self._request_id_header for name, _ in headers):
                headers.append((self._request_id_header, request_id.encode("latin-1")))
            message = {**message, "headers": headers}
        await send(message)


def _header(scope: Scope, wanted: bytes) -> str | None:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == wanted), None)
