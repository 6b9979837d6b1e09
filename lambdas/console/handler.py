"""The page at `/console` and its files. Whatever it shows, it asks of the API, with its reader's credential."""

from collections.abc import Mapping
from typing import Any

from console.serving import serve_file, serve_page
from daybook.http.serve import serve

OPERATIONS = {"console": serve_page, "console_file": serve_file}


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    return serve(event, context, OPERATIONS)
