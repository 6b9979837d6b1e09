"""The file that holds the document: the function `public` serves it."""

import os
import tempfile
from pathlib import Path

import msgspec

from infra import LAMBDAS
from infra.openapi.document import document

PLACE = LAMBDAS / "public" / "openapi.json"


def write(place: Path = PLACE) -> None:
    """Brings the file up to date. Several processes may do this at once, and others may read it meanwhile."""
    content = msgspec.json.encode(document())
    if place.exists() and place.read_bytes() == content:
        return
    handle, scratch = tempfile.mkstemp(dir=place.parent, prefix=".openapi-", suffix=".json")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(scratch).chmod(0o644)
    Path(scratch).replace(place)
