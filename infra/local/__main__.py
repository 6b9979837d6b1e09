"""`make run`: Daybook on this machine, from the synthesised template, until Ctrl-C or SIGTERM."""

import os
import signal
import sys
import threading
from concurrent.futures import Future
from types import FrameType

from infra.local.options import Options, Unusable
from infra.local.server import LocalDaybook, open_house

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # Ctrl-C, `kill`, the terminal closed


def main() -> int:
    for each in ENDINGS:
        signal.signal(each, leave)
    try:
        options = Options.from_environment(os.environ)
        with open_house(options) as local_daybook:
            print(f"Operations key: {local_daybook.operations_key.credential}")
            print(f"AWS endpoint:   {local_daybook.aws_url} (region us-east-1, any credentials)")
            print(f"Logs:           {options.data / 'logs'}")
            if options.demo:
                show_demo(local_daybook)
            print(f"Daybook is ready at {local_daybook.url}/console", flush=True)
            threading.Event().wait()
    except Unusable as unusable:
        print(unusable, file=sys.stderr)
        return 1
    except Leaving:
        pass
    return 0


def show_demo(local_daybook: LocalDaybook) -> None:
    """Load the demo tenants and print the keys to look at them. A house without them is still a house."""
    from events.demo.load import Demo, DemoFailed, load  # noqa: PLC0415  a start without the demo needs none of it

    loading: Future[list[Demo]] = Future()

    def run() -> None:
        try:
            loading.set_result(load(local_daybook.url, local_daybook.operations_key.credential))
        except Exception as failure:  # noqa: BLE001  to be raised where it is waited for
            loading.set_exception(failure)

    # In a thread that nobody waits for when the house is asked to end: the loading itself can't be broken off.
    threading.Thread(target=run, daemon=True).start()
    try:
        tenants = loading.result()
    except DemoFailed as failure:
        print(f"The demo tenants could not be loaded: {failure}", file=sys.stderr)
        return
    local_daybook.keep_demo()
    print("Demo tenants, with their events and keys:")
    for demo in tenants:
        print(f"  {demo.tenant} ({', '.join(demo.environments)}), {demo.events} events")
        for role, key in (("admin", demo.admin_key), ("auditor", demo.auditor_key), ("producer", demo.producer_key)):
            print(f"    {role:<8} {key}")


class Leaving(BaseException):
    """Asked to end. Not an `Exception`, so that nothing on the way takes it for a failure of its own."""


def leave(_signal: int, _frame: FrameType | None) -> None:
    for each in ENDINGS:
        signal.signal(each, signal.SIG_IGN)  # once is enough: what is under way now is the tidying up
    raise Leaving


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # all is tidied up; Python itself would take another second to take moto's modules apart
