"""A real OpenID Connect issuer, and people who sign in at it by the code flow, as a browser would."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from oidc_provider_mock import User, run_server_in_thread

CLIENT = "daybook"
"""An ID token's audience is the client that asked for it."""
_CALLBACK = "http://127.0.0.1/signed-in"


@contextmanager
def running_provider(people: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Its URL. `people`: the claims of each, by subject."""
    known = [User(sub=subject, claims=dict(claims)) for subject, claims in people.items()]
    with run_server_in_thread(user_claims=known) as server:
        yield f"http://127.0.0.1:{server.server_port}"


def id_token(provider: str, subject: str) -> str:
    with httpx.Client(base_url=provider, timeout=30) as browser:
        asked = {
            "client_id": CLIENT,
            "redirect_uri": _CALLBACK,
            "response_type": "code",
            "scope": "openid profile email",
        }
        allowed = browser.post("/oauth2/authorize", params=asked, data={"sub": subject})
        (code,) = parse_qs(urlsplit(allowed.headers["location"]).query)["code"]
        bought = {"grant_type": "authorization_code", "code": code, "redirect_uri": _CALLBACK}
        answer = browser.post("/oauth2/token", data={**bought, "client_id": CLIENT, "client_secret": "any"})
    token: str = answer.json()["id_token"]
    return token
