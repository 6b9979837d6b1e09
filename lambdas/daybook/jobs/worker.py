"""The handler of every function that takes jobs from a queue, one message at a time.

A job that fails for an unforeseen reason is tried again after half a minute, then at growing intervals. Without that,
its message would come back only after the queue's visibility timeout. That is long, since it is set for killed workers,
and meanwhile no other job of the lane could run.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import msgspec

from daybook.jobs.job import JobBusy, JobKey, UnknownJob
from daybook.jobs.runner import Runner
from daybook.observability import logger
from daybook.tenant import TenantCode

_FIRST_SECONDS = 30
_MAX_SECONDS = 15 * 60


class Message(msgspec.Struct):
    tenant: str
    kind: str
    job: str

    @property
    def key(self) -> JobKey:
        return JobKey(TenantCode(self.tenant), self.kind, self.job)


Handler = Callable[[Mapping[str, Any], Any], None]

_read_message = msgspec.json.Decoder(Message).decode


def job_handler(compose: Callable[[], Runner]) -> Handler:
    """The Lambda handler. Where it raises, the queue delivers the message again."""

    def handler(event: Mapping[str, Any], context: Any) -> None:
        for record in event["Records"]:  # one: the event source's batch size
            runner, message = compose(), _read_message(record["body"])
            try:
                run_job(runner, message, lambda: context.get_remaining_time_in_millis() / 1000)
            except JobBusy:
                raise  # the other worker's claim lasts as long as the queue's visibility timeout
            except Exception:
                with suppress(Exception):  # then the visibility timeout decides when it comes again
                    runner.queue.postpone(record["receiptHandle"], retry_seconds(record["attributes"]))
                raise

    return handler


def retry_seconds(attributes: Mapping[str, str]) -> int:
    """30 seconds after a message's first delivery, four times as long after each further one, 15 minutes at most."""
    deliveries = int(attributes["ApproximateReceiveCount"])
    return int(min(_FIRST_SECONDS * 4 ** (deliveries - 1), _MAX_SECONDS))


def run_job(runner: Runner, message: Message, remaining_seconds: Callable[[], float]) -> None:
    """Runs the job and logs its outcome. The log line holds only ids and numbers."""
    about: dict[str, Any] = {"code": message.tenant, "kind": message.kind, "job": message.job}
    try:
        job = runner.run(message.key, remaining_seconds)
    except UnknownJob:
        # Its row was never put, or has expired.
        logger.warning("job", extra={**about, "status": "unknown"})
        return
    except Exception:
        logger.exception("job", extra=about)
        raise
    logger.info("job", extra={**about, "status": job.status, "processed": job.processed})
