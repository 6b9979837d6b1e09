"""`make run`: Daybook on this machine, from the synthesised template, until Ctrl-C or SIGTERM."""

import os
import signal
import sys
import threading
from types import FrameType

from infra.local.house import open_house
from infra.local.options import Options, Unusable

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # Ctrl-C, `kill`, the terminal closed


def main() -> int:
    for each in ENDINGS:
        signal.signal(each, leave)
    try:
        options = Options.from_environment(os.environ)
        with open_house(options) as house:
            print(f"Operations key: {house.operations_key.credential}")
            print(f"AWS endpoint:   {house.aws_url} (region us-east-1, any credentials)")
            print(f"Logs:           {options.data / 'logs'}")
            print(f"Daybook is ready at {house.url}/console", flush=True)
            threading.Event().wait()
    except Unusable as unusable:
        print(unusable, file=sys.stderr)
        return 1
    except Leaving:
        pass
    return 0


class Leaving(BaseException):
    """Asked to end. Not an `Exception`, so that nothing on the way takes it for a failure of its own."""


def leave(_signal: int, _frame: FrameType | None) -> None:
    for each in ENDINGS:
        signal.signal(each, signal.SIG_IGN)  # once is enough: what is under way now is the tidying up
    raise Leaving


if __name__ == "__main__":
    sys.exit(main())
