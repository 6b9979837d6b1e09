"""One way in for every function that takes its work from a queue of jobs, one message at a time."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from aws_lambda_powertools import Logger

from daybook.caller import Tenant
from daybook.jobs import JobKey, Runner, UnknownJob

logger = Logger(service="daybook", use_rfc3339=True, utc=True)


class Message(msgspec.Struct):
    tenant: str
    kind: str
    job: str

    @property
    def key(self) -> JobKey:
        return JobKey(Tenant(self.tenant), self.kind, self.job)


Worker = Callable[[Mapping[str, Any], Any], None]

_message_of = msgspec.json.Decoder(Message).decode


def working(compose: Callable[[], Runner]) -> Worker:
    """The handler of such a function. What it raises makes the queue bring the message again."""

    def handler(event: Mapping[str, Any], context: Any) -> None:
        for record in event["Records"]:  # one: the event source's batch size
            message = _message_of(record["body"])
            work(compose(), message, lambda: context.get_remaining_time_in_millis() / 1000)

    return handler


def work(runner: Runner, message: Message, remaining_seconds: Callable[[], float]) -> None:
    """Leaves a line for operators, of ids and numbers alone."""
    about: dict[str, Any] = {"tenant": message.tenant, "kind": message.kind, "job": message.job}
    try:
        job = runner.run(message.key, remaining_seconds)
    except UnknownJob:
        # Never put, or forgotten meanwhile: nothing is left to do.
        logger.warning("job", extra={**about, "status": "unknown"})
        return
    except Exception:
        logger.exception("job", extra=about)
        raise
    logger.info("job", extra={**about, "status": job.status, "processed": job.processed})
