"""Which content coding an answer gets (RFC 9110, section 12.5.3), and gzip."""

import re
import zlib
from collections.abc import Sequence

GZIP = "gzip"
_LEVEL = 6  # 9 takes twice as long for a page of events, and saves 3 % of it
_GZIP_HEADER = 31

_WEIGHT = re.compile(r"q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)", re.ASCII)


def best_coding(accepted: str, offered: Sequence[str]) -> str:
    """The offered coding with the highest weight in the header `Accept-Encoding`; of equals the first offered.

    Empty if the header names none of them, refuses each by a weight of 0, or weighs `identity` more: then the answer is
    sent as it is. A weight that has no valid form says nothing: its part counts as absent.
    """
    weights = dict(weighed for part in accepted.split(",") if (weighed := _weighed(part)))
    other = weights.get("*", 0.0)
    best = max(offered, key=lambda coding: weights.get(coding, other))
    weight = weights.get(best, other)
    return best if weight and weight >= weights.get("identity", 0.0) else ""


def gzipped(content: bytes) -> bytes:
    """Without a time, so that the same content always gives the same bytes."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_HEADER)
    return packer.compress(content) + packer.flush()


def _weighed(part: str) -> tuple[str, float] | None:
    coding, separator, parameter = part.partition(";")
    found = _WEIGHT.fullmatch(parameter.strip().lower())
    if separator and not found:
        return None
    return coding.strip().lower(), float(found[1]) if found else 1.0
