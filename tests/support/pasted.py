"""Runs pieces of Python in one session, as somebody pastes them one after the other.

Its input has two paths a line: of a piece, and of the file that gets what the piece prints. After each piece it answers
with a line. It ends with an error as soon as a piece raises.
"""

import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any


def main() -> None:
    session: dict[str, Any] = {"__name__": "__main__"}
    for line in sys.stdin:
        piece, printed = map(Path, line.split())
        with printed.open("w") as out, redirect_stdout(out):
            exec(compile(piece.read_text("utf-8"), piece.name, "exec"), session)  # noqa: S102  the project's own documents
        print("done", flush=True)  # noqa: T201  the answer


if __name__ == "__main__":
    main()
