"""Restores a table beside the one in use, in two steps: `python -m infra.operate.restore_table begin --source USED
--target NEW [--at TIME]`, and `... finish --source USED --target NEW`.

A point-in-time restore makes a new table with the rows, indexes and key of the old one, and nothing else. `begin`
restores, waits, and sets again what the old table has: the stream, the protection from deletion, the maxima of units
and the resource policy. It prints what the settings must name to put the table in the place of the old one.

`finish` switches on point-in-time recovery, and expiry last. Not before the table is clean: a backup would hold the
keys of people who are forgotten again, and expiry deletes rows that somebody may still want to look at. Both steps can
be repeated. docs/operations/restore.md has what comes between them for each table.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from daybook.clock import parse_time
from infra.operate.aws import Clients, clients, which_deployment
from infra.operate.failures import in_sentences

_LOOK_SECONDS = 20.0


@dataclass(frozen=True)
class Restore:
    dynamodb: Any
    source: str
    target: str
    say: Callable[[str], None]
    pause: Callable[[float], None] = time.sleep

    def begin(self, at: datetime | None) -> None:
        """`at`: None is as late as possible. Raises botocore's errors."""
        when: dict[str, Any] = {"UseLatestRestorableTime": True} if at is None else {"RestoreDateTime": at}
        try:
            self.dynamodb.restore_table_to_point_in_time(
                SourceTableName=self.source, TargetTableName=self.target, **when
            )
            self.say(f"{self.target} is being restored. It takes from minutes to hours.")
        except self.dynamodb.exceptions.TableAlreadyExistsException:
            self.say(f"{self.target} exists already.")
        self._when_active()
        self.set_again()

    def set_again(self) -> None:
        """Gives the target what a restore does not. Raises botocore's errors."""
        old, new = self._described(self.source), self._when_active()
        stream = old.get("StreamSpecification")
        if stream and not new.get("StreamSpecification"):
            self._update(StreamSpecification=stream)
        if change := _maxima(old, new):
            self._update(**change)
        if old.get("DeletionProtectionEnabled"):
            self._update(DeletionProtectionEnabled=True)
        self._set_policy(old["TableArn"], new["TableArn"])
        self.say(f"The table's name: {self.target}")
        if arn := self._when_active().get("LatestStreamArn"):
            self.say(f"Its stream: {arn}")

    def finish(self) -> None:
        """Raises botocore's errors."""
        kept = self.dynamodb.describe_continuous_backups(TableName=self.source)["ContinuousBackupsDescription"]
        days = kept["PointInTimeRecoveryDescription"].get("RecoveryPeriodInDays")
        self.dynamodb.update_continuous_backups(
            TableName=self.target,
            PointInTimeRecoverySpecification={
                "PointInTimeRecoveryEnabled": True,
                **({"RecoveryPeriodInDays": days} if days else {}),
            },
        )
        self.say(f"Point-in-time recovery of {self.target} is on.")
        self.set_expiry()

    def set_expiry(self) -> None:
        """Raises botocore's errors."""
        old, new = (
            self.dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
            for table in (self.source, self.target)
        )
        # DynamoDB refuses to switch on what is on.
        if "AttributeName" in old and new["TimeToLiveStatus"] not in ("ENABLED", "ENABLING"):
            self.dynamodb.update_time_to_live(
                TableName=self.target,
                TimeToLiveSpecification={"AttributeName": old["AttributeName"], "Enabled": True},
            )
        self.say(f"Rows of {self.target} expire.")

    def _set_policy(self, old: str, new: str) -> None:
        try:
            policy: str = self.dynamodb.get_resource_policy(ResourceArn=old)["Policy"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "PolicyNotFoundException":
                raise
            return
        self.dynamodb.put_resource_policy(ResourceArn=new, Policy=policy.replace(old, new))

    def _update(self, **change: Any) -> None:
        """DynamoDB takes one kind of change at a time."""
        self.dynamodb.update_table(TableName=self.target, **change)
        self._when_active()

    def _when_active(self) -> dict[str, Any]:
        while (table := self._described(self.target))["TableStatus"] != "ACTIVE":
            self.pause(_LOOK_SECONDS)
        return table

    def _described(self, table: str) -> dict[str, Any]:
        described: dict[str, Any] = self.dynamodb.describe_table(TableName=table)["Table"]
        return described


def _maxima(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """The change that gives the new table and its indexes the old one's maxima of units; empty where they have them."""
    wanted = old.get("OnDemandThroughput")
    change = {"OnDemandThroughput": wanted} if wanted and wanted != new.get("OnDemandThroughput") else {}
    has = {index["IndexName"]: index.get("OnDemandThroughput") for index in new.get("GlobalSecondaryIndexes", ())}
    indexes = [
        {"Update": {"IndexName": index["IndexName"], "OnDemandThroughput": index["OnDemandThroughput"]}}
        for index in old.get("GlobalSecondaryIndexes", ())
        if index.get("OnDemandThroughput") not in (None, has.get(index["IndexName"]))
    ]
    return change | ({"GlobalSecondaryIndexUpdates": indexes} if indexes else {})


def _moment(text: str) -> datetime:
    try:
        return datetime.fromtimestamp(parse_time(text) / 1_000, UTC)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


@in_sentences("It broke off.")
def main(
    arguments: Sequence[str],
    *,
    connect: Callable[[argparse.Namespace], Clients] = clients,
    pause: Callable[[float], None] = time.sleep,
) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m infra.operate.restore_table",
        parents=[which_deployment()],
        description="Restores a table beside the one in use, and sets again what a restore leaves out.",
    )
    parser.add_argument("what", choices=("begin", "finish"))
    parser.add_argument("--source", required=True, help="the name of the table in use, an output of the storage stack")
    parser.add_argument("--target", required=True, help="the new table's name")
    parser.add_argument(
        "--at",
        type=_moment,
        metavar="TIME",
        help="as of when, in RFC 3339, such as 2026-11-26T10:00:00Z; as late as possible if left out",
    )
    options = parser.parse_args(arguments)
    if options.source == options.target:
        parser.error("--target is a new table beside --source, so it needs another name")
    restore = Restore(connect(options)("dynamodb"), options.source, options.target, print, pause)
    if options.what == "begin":
        restore.begin(options.at)
    else:
        restore.finish()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
