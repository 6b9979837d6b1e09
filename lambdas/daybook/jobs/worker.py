"""The handler of every function that takes jobs from a queue, one message at a time.

A message that has to come again is reported, and comes when its visibility ends. Only an unforeseen error is raised:
Lambda counts it as the function's, and takes fewer messages at a time for a while. It is tried again after half a
minute, then at growing intervals. Without that, its message would come back only after the queue's visibility timeout.
That is long, since it is set for killed workers, and meanwhile no other job of the lane could run.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from daybook.jobs.claiming import retry_seconds
from daybook.jobs.job import UnknownJob
from daybook.jobs.message import Postponed, Received, StaleMessage, read_message
from daybook.jobs.runner import Runner
from daybook.observability import logger

Handler = Callable[[Mapping[str, Any], Any], dict[str, Any]]


def job_handler(compose: Callable[[], Runner]) -> Handler:
    """The Lambda handler."""

    def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        again = []
        for record in event["Records"]:  # one: the event source's batch size
            runner, received = compose(), _received(record)
            try:
                run_job(runner, received, lambda: context.get_remaining_time_in_millis() / 1000)
            except Postponed as postponed:
                again.append({"itemIdentifier": record["messageId"]})
                _postpone(runner, received, postponed.seconds)
            except Exception:
                _postpone(runner, received, retry_seconds(received.receives))
                raise
        return {"batchItemFailures": again}

    return handler


def _received(record: Mapping[str, Any]) -> Received:
    receives = int(record["attributes"]["ApproximateReceiveCount"])
    return Received(read_message(record["body"]), record["receiptHandle"], receives)


def _postpone(runner: Runner, received: Received, seconds: int) -> None:
    with suppress(Exception):  # then the visibility timeout decides when it comes again
        runner.queue.postpone(received.receipt, seconds)


def run_job(runner: Runner, received: Received, remaining_seconds: Callable[[], float]) -> None:
    """Runs the job and logs its outcome. The log line holds only ids and numbers."""
    message = received.message
    about: dict[str, Any] = {"code": message.tenant, "kind": message.kind, "job": message.job, "turn": message.turn}
    try:
        job = runner.run(received, remaining_seconds)
    except UnknownJob:
        # Its row was never put, or has expired.
        logger.warning("job", extra={**about, "status": "unknown"})
    except StaleMessage:
        logger.info("job", extra={**about, "status": "stale"})
    except Postponed as postponed:
        logger.info("job", extra={**about, "status": "postponed", "seconds": postponed.seconds})
        raise
    except Exception:
        logger.exception("job", extra=about)
        raise
    else:
        logger.info("job", extra={**about, "status": job.status, "processed": job.processed})
