"""The file of rejects: one JSON object a line, for each record that came to nothing."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

MAX_SHOWN = 64 * 1024
"""Characters of a record that its reject shows."""


class Rejects:
    """Lines `{"file", "line", "code", "errors", "record"}`. Readable by its owner alone, since it holds records.

    It replaces the file of an earlier import; `goes_on` adds to it. No rejects leave no file. Raises OSError where the
    file can't be written: at once, not after an hour. It does so too where the path is a link, which somebody else may
    have laid in a folder that all may write to; no plain file; or one of the `imported` files.
    """

    def __init__(self, path: Path, imported: Sequence[Path] = (), *, goes_on: bool) -> None:
        self.path = path
        how = os.O_WRONLY | os.O_CREAT | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
        try:
            descriptor = os.open(path, how | (os.O_APPEND if goes_on else 0), 0o600)
        except OSError as error:
            if path.is_symlink():
                raise OSError(f"{path} is a link: name a plain file for the rejects") from error
            raise
        try:
            self._file = _plain(descriptor, path, imported)
            if not goes_on:
                self._file.truncate(0)
        except BaseException:
            os.close(descriptor)
            raise

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


def _plain(descriptor: int, path: Path, imported: Sequence[Path]) -> IO[str]:
    """The opened file, for its owner alone. Raises OSError for one that may not be emptied."""
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        raise OSError(f"{path} is no plain file: name another one for the rejects")
    if any(os.path.samestat(found, each.stat()) for each in imported):
        raise OSError(f"{path} is imported itself: name another file for the rejects")
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, 0o600)
    return os.fdopen(descriptor, "w", encoding="utf-8", errors="replace", closefd=True)
