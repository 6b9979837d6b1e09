"""The file of rejects: one JSON object a line, for each record that came to nothing."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import IO, Any

MAX_SHOWN = 64 * 1024
"""Characters of a record that its reject shows."""


class Rejects:
    """Lines `{"file", "line", "code", "errors", "record"}`. Readable by its owner alone, since it holds records.

    It replaces the file of an earlier import; `goes_on` adds to it. No rejects leave no file. Raises OSError where the
    file can't be written: at once, not after an hour.
    """

    def __init__(self, path: Path, *, goes_on: bool) -> None:
        self.path = path
        how = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if goes_on else os.O_TRUNC)
        self._file: IO[str] = os.fdopen(os.open(path, how, 0o600), "w", encoding="utf-8", errors="replace")

    def add(self, file: str, line: int, code: str, errors: list[dict[str, Any]], record: Any) -> None:
        reject = {"file": file, "line": line, "code": code, "errors": errors, "record": record}
        written = json.dumps(reject, ensure_ascii=False)
        if len(written) > MAX_SHOWN:
            shown = json.dumps(record, ensure_ascii=False)[:MAX_SHOWN]
            written = json.dumps({**reject, "record": shown, "cut": True}, ensure_ascii=False)
        self._file.write(f"{written}\n")

    def close(self) -> bool:
        """Whether there are any."""
        self._file.close()
        if self.path.stat().st_size:
            return True
        self.path.unlink()
        return False
