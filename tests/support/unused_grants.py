"""Which grants of the roles no call of the suite has needed: `make granted`, after both lanes.

The laptop notes the grants that its functions use (`infra.local.aws.used_grants`). Only a run of the whole suite says
something, so this is a step of its own and no test.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping

from infra.local.aws.policy import listed
from infra.local.aws.used_grants import Grant, grants, used_in
from infra.local.template import Templates, templates
from tests.support.running_daybook import USED_GRANTS
from tests.support.templates import Stack

NOT_CALLED = {
    "kms:Decrypt": "DynamoDB and S3 use the tables' key on the role's behalf",
    "kms:DescribeKey": "DynamoDB uses it",
    "kms:Encrypt": "DynamoDB uses it",
    "kms:GenerateDataKey": "DynamoDB and S3 use it",
    "kms:ReEncrypt": "DynamoDB uses it",
    "logs:": "Lambda writes the function's log with its role",
    "dynamodb:DescribeStream": "the event source mapping reads the stream with the function's role",
    "dynamodb:GetRecords": "the event source mapping",
    "dynamodb:GetShardIterator": "the event source mapping",
    "dynamodb:ListStreams": "the event source mapping",
    "sqs:ReceiveMessage": "the event source mapping reads the queue with the function's role",
    "sqs:DeleteMessage": "the event source mapping",
    "sqs:GetQueueAttributes": "the event source mapping",
    "sqs:GetQueueUrl": "the event source mapping",
}
"""Actions by their beginnings, with the reason why no function calls them."""

_VISIBILITY = "the event source mapping reports what has to come again"
_HANDED_OVER = "a job is handed over after 30 seconds: tests/unit/jobs/test_runner.py"
_NAMESAKES = "asked where several people had the caller's name; only callers by OIDC have one"
_KILLED = "what a killed worker left is gone on with or removed: tests/faults/test_export_kills.py"
_REFUSED = "a stream refuses some records of a row for good: tests/handlers/streams/test_redeliver.py"
_NIGHTLY = "asked for once a night, for all tenants: tests/handlers/ledger/test_sweep.py"
_LOST = "the stream lost an event, or one was altered: tests/handlers/ledger/test_sweep.py"
_APPENDS = ("PartiQLInsert", "GetItem", "BatchGetItem")  # an append, and the fold behind it
_TWO_BEGIN = "two begin a log: tests/contract/test_ledger_table.py"
_SAME_SECONDS = "parked events lie in ten seconds of others' appends: tests/contract/test_ledger_table.py"
_EXPIRED = "counts and alerts expire: tests/handlers/ledger/test_sweep.py"
_RACES = "somebody is bound while forgotten: tests/model/test_forgetting_races.py"
NOT_CALLED_BY: Mapping[str, str] = {
    **{f"{name}Role: sqs:ChangeMessageVisibility on {name}Queue.Arn": _VISIBILITY for name in ("Export", "Replay")},
    **{f"{name}Role: sqs:ChangeMessageVisibility on {name}Queue.Arn": _VISIBILITY for name in ("Restamp", "Sweep")},
    "AppendParkedRole: sqs:ChangeMessageVisibility on AppendParkedQueue.Arn": _VISIBILITY,
    "AppendRole: sqs:SendMessage on AppendParkedQueue.Arn": "a log's table fails: tests/handlers/ledger/test_append.py",
    "AppendRole: s3:ListBucket on FailedBatchesBucket.Arn": "the event source mapping looks for the bucket",
    **{f"{name}Role: dynamodb:GetItem on LedgerTable.Arn": _TWO_BEGIN for name in ("Append", "AppendParked")},
    "AppendParkedRole: dynamodb:BatchGetItem on LedgerTable.Arn": _SAME_SECONDS,
    **{f"{name}Role: sqs:SendMessage on {name}Queue.Arn": _HANDED_OVER for name in ("Export", "Restamp", "Sweep")},
    "LedgerSweepRole: sqs:ChangeMessageVisibility on LedgerSweepQueue.Arn": _VISIBILITY,
    "LedgerSweepRole: sqs:SendMessage on LedgerSweepQueue.Arn": _NIGHTLY,
    **{
        f"LedgerSweepRole: dynamodb:{action} on ControlTable.Arn": _NIGHTLY
        for action in ("BatchGetItem", "PutItem", "Query")
    },
    "LedgerSweepRole: dynamodb:PartiQLInsert on EventsTable.Arn": _LOST,
    **{f"LedgerSweepRole: dynamodb:{action} on LedgerTable.Arn": _LOST for action in _APPENDS},
    **{
        f"LedgerSweepRole: dynamodb:{action} on LedgerTable.Arn": _EXPIRED
        for action in ("BatchWriteItem", "DeleteItem", "PutItem")
    },
    **{f"{name}Role: dynamodb:Query on IdentitiesTable.Arn": _NAMESAKES for name in ("Tenants", "Streams")},
    **{
        f"ExportRole: s3:{action} on ExportsBucket.Arn/{folder}/*": _KILLED
        for action in ("AbortMultipartUpload", "ListMultipartUploadParts", "GetObject", "DeleteObject")
        for folder in ("files", "runs")
    },
    **{f"RedeliverRole: dynamodb:{action} on ControlTable.Arn": _REFUSED for action in ("PutItem", "DeleteItem")},
    **{f"SweepRole: dynamodb:{action} on IdentitiesTable.Arn": _RACES for action in ("DeleteItem", "UpdateItem")},
    "ExportRole: s3:ListBucket on ExportsBucket.Arn": "no call: without it a missing file is 403 in place of 404",
    "ExportsRole: sqs:ChangeMessageVisibility on ExportQueue.Arn": "a waiting job is cancelled: tests/handlers/exports",
    "FanOutRole: dynamodb:GetItem on ControlTable.Arn": "two instances note a slow call at once: tests/faults",
    "TenantsRole: dynamodb:UpdateItem on LimitsTable.Arn": "an instance reports only now and then: tests/unit/limits",
    "SignRole: s3:GetObject on CheckpointsBucket.Arn/*": "two sign one size at once: tests/contract",
    "SignRole: dynamodb:GetItem on LedgerTable.Arn": "two refuse the same log at once: tests/contract",
    "CanaryRole: secretsmanager:GetSecretValue on CanaryKey": "a round each five minutes: tests/local/test_canary.py",
    "ChangesRole: sns:Publish on MonitoringAlarms": "EventBridge tells of changes: tests/stacks/test_changes.py",
    "FanOutRole: s3:PutObject on FailedBatchesBucket.Arn/*": "the event source mapping writes what failed",
    "FanOutRole: s3:ListBucket on FailedBatchesBucket.Arn": "the event source mapping looks for the bucket",
}
"""Lines that are left out, with the reason: calls of AWS's own services, and those that no test of the running Daybook
can bring about in seconds. For these the code is tested where the reason says.
"""


def unused(made: Templates, used: Iterable[tuple[str, Grant]]) -> list[str]:
    """A line for each grant that is neither used nor excused."""
    used = set(used)
    return [
        line
        for line, action, grant in _lines(made)
        if grant not in used and line not in NOT_CALLED_BY and not action.startswith(tuple(NOT_CALLED))
    ]


def excuses_without_grant(made: Templates) -> set[str]:
    """The excuses that nothing needs any more."""
    lines = list(_lines(made))
    general = {each for each in NOT_CALLED if not any(action.startswith(each) for _, action, _ in lines)}
    return general | (set(NOT_CALLED_BY) - {line for line, _, _ in lines})


def _lines(made: Templates) -> Iterator[tuple[str, str, tuple[str, Grant]]]:
    """For each grant a text, its action, and how the laptop notes it."""
    for stack in (Stack(name, made) for name in made):
        for role, statements in stack.statements().items():
            for number, action, place in grants(statements):
                resource = stack.read(listed(statements[number]["Resource"])[place])
                yield f"{role}: {action} on {resource}", action, (role, (number, action, place))


if __name__ == "__main__":
    lines = unused(templates(), used_in(USED_GRANTS))
    sys.exit("\n".join(["Nothing needed these grants; remove them, or test what needs them:", *lines]) if lines else 0)
