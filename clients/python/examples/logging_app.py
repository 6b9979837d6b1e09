"""A nightly job that logs as ever, and whose deeds are events as well.

export DAYBOOK_URL=http://127.0.0.1:8787 DAYBOOK_KEY=dbk_…
python clients/python/examples/logging_app.py
"""

import logging

from daybook_client import Daybook
from daybook_client.current import acting
from daybook_client.logging_handler import DaybookHandler

logger = logging.getLogger("billing.nightly")


def close_the_books(invoices: list[str]) -> None:
    logger.info("%d invoices to close", len(invoices))  # for the log alone
    for invoice in invoices:
        target = {"type": "invoice", "id": invoice}
        logger.info("invoice %s closed", invoice, extra={"daybook": {"activity": "invoice.closed", "target": target}})
    try:
        raise OSError("the bank does not answer")  # noqa: TRY301  an example of a failure
    except OSError:
        # ERROR makes it a `failure`. The traceback stays in the log.
        logger.exception("statement not sent", extra={"daybook": {"activity": "statement.sent"}})


def main() -> None:
    logging.basicConfig(level=logging.INFO)
    with Daybook() as daybook:  # at its end, what waits is sent
        logging.getLogger("billing").addHandler(DaybookHandler(daybook, actor={"type": "system"}))
        with acting(request_id="nightly-2026-11-22", actor={"type": "user", "username": "mike.mars"}):
            close_the_books(["1042", "1043"])


if __name__ == "__main__":
    main()
