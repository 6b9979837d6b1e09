"""One way in for every function that takes its work from a queue of jobs, one message at a time.

A message whose job failed for a reason that nobody foresaw comes again after half a minute, then later and later: the
queue's own time is that of a killed worker, many minutes, for which a lane would stand still.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import msgspec

from daybook.jobs.job import JobBusy, JobKey, UnknownJob
from daybook.jobs.runner import Runner
from daybook.observability import logger
from daybook.tenant import Tenant

_FIRST_SECONDS = 30
_MAX_SECONDS = 15 * 60


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
            runner, message = compose(), _message_of(record["body"])
            try:
                work(runner, message, lambda: context.get_remaining_time_in_millis() / 1000)
            except JobBusy:
                raise  # another one is at it, whose claim lasts as long as the queue waits
            except Exception:
                with suppress(Exception):  # then it comes when the queue brings it
                    runner.queue.postpone(record["receiptHandle"], again_after(record["attributes"]))
                raise

    return handler


def again_after(attributes: Mapping[str, str]) -> int:
    """Seconds, by how often SQS has given out the message."""
    return int(min(_FIRST_SECONDS * 4 ** (int(attributes["ApproximateReceiveCount"]) - 1), _MAX_SECONDS))


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
