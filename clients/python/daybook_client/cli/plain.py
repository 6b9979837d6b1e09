"""Text of others, made harmless for a terminal.

An attacker chooses a user name. With an escape sequence in it, a log that is read on a terminal could hide lines,
retitle the window, or paste commands.
"""

from __future__ import annotations

import json
import re
from typing import Any

# C0 and C1 control characters, DEL, the marks that reorder what follows (bidi), line separators, lone surrogates.
_ACTIVE = "\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff"
_ACTIVE_ONE = re.compile(f"[{_ACTIVE}]")


def plain(value: Any) -> str:
    r"""One line in which every active character is written as its escape: `\x1b` for ESC."""
    return _ACTIVE_ONE.sub(_escaped, str(value))


def json_line(value: Any) -> str:
    """One line of JSON in which active characters are escapes. They stand only within strings, so it stays JSON."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _ACTIVE_ONE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    known = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(found[0])
    return known or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")
