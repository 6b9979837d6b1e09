"""Clients whose calls are signed with the credentials of the call: one client serves the sessions of many roles.

A client for each session would hold 0.2 MB and a TLS connection of its own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import botocore.session
from botocore.credentials import CredentialProvider, CredentialResolver, Credentials
from botocore.exceptions import NoCredentialsError

_CREDENTIALS: ContextVar[Credentials | None] = ContextVar("credentials", default=None)


@contextmanager
def signed_with(credentials: Credentials) -> Iterator[None]:
    """The calls that this thread makes within are signed with these credentials."""
    token = _CREDENTIALS.set(credentials)
    try:
        yield
    finally:
        _CREDENTIALS.reset(token)


def session_of_calls(data_loader: Any, otherwise: Credentials | None = None) -> Any:
    """A botocore session whose clients take the credentials of the call. It shares the data files read by another.

    `otherwise` signs calls that have none. Without it such a call raises `NoCredentialsError`.
    """
    session = botocore.session.get_session()
    session.register_component("data_loader", data_loader)
    session.register_component("credential_provider", CredentialResolver([_OfTheCall(otherwise)]))
    return session


class _CallCredentials(Credentials):  # type: ignore[misc]  # botocore carries no types
    """The credentials of the call that is being signed. botocore asks for them once for each request."""

    def __init__(self, otherwise: Credentials | None) -> None:
        super().__init__("", "")
        self._otherwise = otherwise

    def get_frozen_credentials(self) -> Any:
        credentials = _CREDENTIALS.get() or self._otherwise
        if credentials is None:
            raise NoCredentialsError
        return credentials.get_frozen_credentials()


class _OfTheCall(CredentialProvider):  # type: ignore[misc]
    METHOD = CANONICAL_NAME = "call"

    def __init__(self, otherwise: Credentials | None) -> None:
        super().__init__()
        self._otherwise = otherwise

    def load(self) -> Credentials:
        return _CallCredentials(self._otherwise)
