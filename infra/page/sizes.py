"""How large the page is: bytes of each package in what esbuild wrote, and the whole as it is sent."""

import json
import re
from collections import Counter
from collections.abc import Iterator

from infra.page.build import METAFILE, STATIC

MAX_COMPRESSED = 150_000
"""Bytes of gzip, the larger of both codings, of all that a first visit loads."""
OURS = "daybook"

_PACKAGE = re.compile(r"(?:.*/)?node_modules/((?:@[^/]+/)?[^/]+)/")


def by_package() -> Counter[str]:
    """Minified bytes, before compression."""
    found: Counter[str] = Counter()
    for output in json.loads(METAFILE.read_text())["outputs"].values():
        for source, part in output["inputs"].items():
            package = _PACKAGE.match(source)
            found[package[1] if package else OURS] += part["bytesInOutput"]
    return found


def compressed(ending: str = ".gz") -> int:
    return sum(path.stat().st_size for path in STATIC.glob(f"*{ending}"))


def lines() -> Iterator[str]:
    for package, size in by_package().most_common():
        yield f"{package:<24} {size:>9,}"
    yield f"{'gzip':<24} {compressed():>9,} of {MAX_COMPRESSED:,}"
    yield f"{'brotli':<24} {compressed('.br'):>9,}"
