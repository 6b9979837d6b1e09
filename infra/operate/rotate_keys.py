"""Gives a deployment new keys for cursors and for jobs:
`python -m infra.operate.rotate_keys --secret ARN --control NAME`.

The permanent secret stays: events' ids derive from it. New keys begin 15 minutes after the command, when every function
has read them. A cursor that was given before opens for the 24 hours that it lasts. A job keeps its key until it ends.
Each rotation removes the earlier keys that nothing needs any more.
"""

import argparse
import secrets
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from daybook.aws.control_table.jobs import JobTable
from daybook.aws.control_table.tenants import ControlTable
from daybook.clock import HOUR, Clock, format_time, system_clock
from daybook.crypto.generations import (
    MAX_NUMBER,
    NOTICE_MS,
    DeploymentSecret,
    RotatedSecret,
    StoredGeneration,
)
from daybook.jobs.job import KINDS
from daybook.jobs.sealed import generation_of
from daybook.search.cursor import CHANGE_MS, LIFETIME_MS
from infra.operate.aws import check_secret, clients, which_deployment
from infra.operate.failures import Stopped, in_sentences
from infra.operate.tables import control_table

MAX_GENERATIONS = 32
"""Of each kind. They take 4 KB of the 64 KB that a secret may have."""

JOB_MS = HOUR
"""A job is stored at most so long after it was sealed."""

_CURRENT, _NEXT = "AWSCURRENT", "DAYBOOKNEXT"


class CannotRotate(Stopped):
    """The message says why."""


def rotated(
    secret: DeploymentSecret, jobs_need: Iterable[int], now_ms: int, new_secret: Callable[[], str]
) -> RotatedSecret:
    """The secret with new keys for cursors and jobs. `jobs_need`: the generations of jobs that have not ended.

    Raises `CannotRotate`.
    """
    needed = frozenset(jobs_need)

    def cursors_need(_: StoredGeneration, replaced_ms: int) -> bool:
        return now_ms <= replaced_ms + LIFETIME_MS + CHANGE_MS

    def a_job_needs(generation: StoredGeneration, replaced_ms: int) -> bool:
        return generation.number in needed or now_ms <= replaced_ms + JOB_MS

    return RotatedSecret(
        secret.permanent.decode(),
        _next(secret.cursors, cursors_need, now_ms, new_secret),
        _next(secret.jobs, a_job_needs, now_ms, new_secret),
    )


def _next(
    generations: Sequence[StoredGeneration],
    needed: Callable[[StoredGeneration, int], bool],
    now_ms: int,
    new_secret: Callable[[], str],
) -> list[StoredGeneration]:
    *replaced, latest = generations
    ends = (later.from_ms for later in generations[1:])
    kept = [one for one, replaced_ms in zip(replaced, ends, strict=True) if needed(one, replaced_ms)]
    if len(kept) + 2 > MAX_GENERATIONS:
        raise CannotRotate(f"There are {len(generations)} keys already that cursors or jobs need. Try again in a day.")
    if latest.number == MAX_NUMBER:
        raise CannotRotate("The keys have been rotated as often as they can be.")
    from_ms = max(now_ms, latest.from_ms) + NOTICE_MS
    return [*kept, latest, StoredGeneration(latest.number + 1, from_ms, new_secret())]


def jobs_need(control: ControlTable, jobs: JobTable) -> set[int]:
    """The generations of jobs that have not ended, of all tenants. Raises `Throttled`."""
    needed = {
        generation_of(job)
        for settings in control.tenants()
        for kind in KINDS
        for job in jobs.jobs(settings.code, kind)
        if not job.status.has_ended
    }
    return {number for number in needed if number is not None}


def rotate(secrets_manager: Any, arn: str, needed: Callable[[], Iterable[int]], clock: Clock) -> int:
    """Returns the moment at which the new keys begin. Raises `CannotRotate`, also where the secret was changed
    meanwhile; nothing is changed then.
    """
    before = secrets_manager.get_secret_value(SecretId=arn, VersionStage=_CURRENT)
    present = check_secret(before["SecretString"].encode(), arn)
    secret = rotated(present, needed(), clock(), lambda: secrets.token_hex(32))
    put = secrets_manager.put_secret_value(
        SecretId=arn, SecretString=msgspec.json.encode(secret).decode(), VersionStages=[_NEXT]
    )
    try:
        # Refused where the label is not at this version any more: of two rotations at once, one fails.
        secrets_manager.update_secret_version_stage(
            SecretId=arn,
            VersionStage=_CURRENT,
            MoveToVersionId=put["VersionId"],
            RemoveFromVersionId=before["VersionId"],
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "InvalidParameterException":
            raise CannotRotate("The secret was changed meanwhile. Try again.") from None
        raise
    return max(secret.cursors[-1].from_ms, secret.jobs[-1].from_ms)


@in_sentences("Nothing was rotated.")
def main(arguments: Sequence[str], *, clock: Clock = system_clock) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m infra.operate.rotate_keys",
        parents=[which_deployment()],
        description="Gives the deployment new keys for cursors and jobs. No cursor and no job fails.",
    )
    parser.add_argument("--secret", required=True, help="the ARN of the deployment's secret")
    parser.add_argument("--control", required=True, help="the control table's name, an output of the storage stack")
    options = parser.parse_args(arguments)
    aws = clients(options)
    dynamodb = aws("dynamodb")
    control, jobs = control_table(dynamodb, options.control), JobTable(dynamodb, options.control)
    from_ms = rotate(aws("secretsmanager"), options.secret, lambda: jobs_need(control, jobs), clock)
    sys.stdout.write(f"The new keys begin at {format_time(from_ms)}.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
