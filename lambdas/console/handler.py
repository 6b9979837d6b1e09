"""The page at `/console`, its files, and signing in. Whatever the page shows, it asks of the API with its reader's
credential.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from console.serving import serve_file, serve_page
from daybook.environment import ConsoleSettings
from daybook.http.request import Answer, Request
from daybook.http.serve import serve

if TYPE_CHECKING:
    from console.sign_in import SignIn


@cache
def compose() -> "SignIn":
    # Not at the top: the page and its files, which most calls are about, need neither forms nor an HTTP client.
    from console.sign_in import SignIn  # noqa: PLC0415

    return SignIn(ConsoleSettings.from_environment())


def read_console_config(request: Request) -> Answer:
    return compose().read_config(request)


def sign_in(request: Request) -> Answer:
    return compose().sign_in(request)


OPERATIONS: Mapping[str, Callable[[Request], Answer]] = {
    "console": serve_page,
    "console_file": serve_file,
    "read_console_config": read_console_config,
    "sign_in": sign_in,
}


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    return serve(event, context, OPERATIONS)
