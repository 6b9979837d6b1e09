"""`make run`: runs Daybook on this machine from the synthesised templates until Ctrl-C or SIGTERM."""

import os
import signal
import sys
import threading
import time
from concurrent.futures import Future
from types import FrameType

from infra.local.options import CannotStart, Options
from infra.local.server import LocalDaybook, open_local_daybook

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # Ctrl-C, `kill`, a closed terminal
WAKE_SECONDS = 0.5
"""The system may give a signal to any thread. The handler runs in the main thread alone, which then still sleeps."""


def main() -> int:
    for each in STOP_SIGNALS:
        signal.signal(each, request_stop)
    try:
        options = Options.from_environment(os.environ)
        print(
            "Starting Daybook: some seconds, longer where the demo tenants are loaded for the first time.", flush=True
        )
        with open_local_daybook(options) as local_daybook:
            print(f"Operations key: {local_daybook.operations_key.credential}")
            print(f"AWS endpoint:   {local_daybook.aws_url} (region us-east-1, any credentials)")
            print(f"Logs:           {options.data / 'logs'}")
            if options.demo:
                show_demo(local_daybook)
            print(f"Daybook is ready at {local_daybook.url}/console", flush=True)
            while True:
                time.sleep(WAKE_SECONDS)
    except CannotStart as reason:
        print(reason, file=sys.stderr)
        return 1
    except StopRequested:
        pass
    return 0


def show_demo(local_daybook: LocalDaybook) -> None:
    """Loads the demo tenants and prints their keys, and for each a link that signs an admin in at the console.

    Local Daybook also runs if they can't be loaded.
    """
    from events.demo.load import Demo, DemoFailed, load  # noqa: PLC0415  not needed for a start without the demo

    loading: Future[list[Demo]] = Future()

    def run() -> None:
        try:
            loading.set_result(load(local_daybook.url, local_daybook.operations_key.credential))
        except Exception as failure:  # noqa: BLE001  raised again in the thread that waits
            loading.set_exception(failure)

    # Loading can't be interrupted. In a thread of its own, it does not delay the end of the process.
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
        print(f"    signs in {local_daybook.url}/console#key={demo.admin_key}")


class StopRequested(BaseException):
    """A signal asked the process to end. It is not an `Exception`, so that no handler of errors catches it."""


def request_stop(_signal: int, _frame: FrameType | None) -> None:
    for each in STOP_SIGNALS:
        signal.signal(each, signal.SIG_IGN)  # a second signal must not interrupt the shutdown
    raise StopRequested


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # everything is closed; Python would need another second to unload moto's modules
