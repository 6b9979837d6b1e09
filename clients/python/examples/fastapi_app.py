"""A FastAPI application whose events say who acted, from which address, with which agent, in which request.

pip install fastapi uvicorn
export DAYBOOK_URL=http://127.0.0.1:8787 DAYBOOK_KEY=dbk_…
python clients/python/examples/fastapi_app.py
curl -u mike.mars:sesame -X POST http://127.0.0.1:8000/invoices/1042/approve
"""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.security import HTTPBasic, HTTPBasicCredentials

from daybook_client.aio import AsyncDaybook
from daybook_client.asgi_middleware import DaybookMiddleware

PASSWORDS = {"mike.mars": "sesame"}


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with AsyncDaybook() as daybook:  # at its end, what waits is sent
        app.state.daybook = daybook
        yield


def sign_in(request: Request, given: HTTPBasicCredentials = Depends(HTTPBasic())) -> None:  # noqa: B008  FastAPI's way
    if not secrets.compare_digest(PASSWORDS.get(given.username, "").encode(), given.password.encode()):
        raise HTTPException(401)
    request.state.actor = {"type": "user", "username": given.username}


def actor(scope: MutableMapping[str, Any]) -> dict[str, str] | None:
    """Asked when an event is recorded: the sign-in has run by then."""
    found: dict[str, str] | None = scope.get("state", {}).get("actor")
    return found


app = FastAPI(lifespan=lifespan)
# Behind a load balancer: proxies=1. Then the client's address is the last that `X-Forwarded-For` holds.
app.add_middleware(DaybookMiddleware, actor=actor, proxies=int(os.environ.get("PROXIES", "0")))


@app.post("/invoices/{number}/approve", dependencies=[Depends(sign_in)])
async def approve(number: str, request: Request) -> dict[str, str]:
    recorded = await request.app.state.daybook.record("invoice.approved", target={"type": "invoice", "id": number})
    return {"recorded": recorded}


if __name__ == "__main__":
    # The middleware reads `X-Forwarded-For`; two readers of it would disagree.
    uvicorn.run(app, port=int(os.environ.get("PORT", "8000")), proxy_headers=False, log_level="warning")
