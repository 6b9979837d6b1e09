"""Who may do what: the permissions of every function, one block each.

No role may overwrite or delete an event. `Function` adds the function's own log and traces to these, the event source
mappings of `infra.constructs` add reading a queue or the stream, and `DownloadRole` and `ReaderRole` that they may be
assumed.
"""

from collections.abc import Mapping

from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs

from daybook.access.api_keys import OPERATORS
from daybook.aws.control_table import destination_rows, drains, parked, tenants
from daybook.aws.ledger_table import alerts
from daybook.aws.ledger_table import keys as published
from daybook.aws.limits_table import last_uses, refused, usage
from daybook.aws.tenant_sessions import TAG
from daybook.jobs import job
from daybook.ledger.logs import COUNTS
from infra.constructs.function import Conditions, allow, deny
from infra.stacks.storage import EVENT_INDEXES, StorageStack

DOWNLOAD = "download"
READER = "reader"
"""These two roles are not functions'."""

STAMPED = ("pk", "sk", "expires_at")
"""The attributes of an event that `restamp` may see and change."""


def _partitions(*keys: str) -> Conditions:
    return {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": list(keys)}}


# The control table has five kinds of partitions: settings, groups, views, activities and keys, under a tenant's code of
# six characters, beside the list of all tenants; the list of operators' keys; jobs; parked events; and destinations.
_SETTINGS = _partitions("??????", tenants.LIST)
_SETTINGS_AND_OPERATORS = _partitions("??????", tenants.LIST, OPERATORS.partition)
_JOBS = _partitions(f"*{job.PARTITION}")
_PARKED = _partitions(f"*{parked.PARTITION}")
_STREAMS = _partitions(f"*{destination_rows.PARTITION}")
_STREAMS_AND_JOBS = _partitions(f"*{destination_rows.PARTITION}", f"*{job.PARTITION}")

_TENANTS = _partitions(tenants.LIST)

# Of the credentials table only the rows of keys.
_KEYS = _partitions("key#*")
# Of the limits table when keys were used, also with the counters of failures, or the counters of what tenants use, or
# what was refused of the events that they sent.
_USES = _partitions(f"{last_uses.PARTITION}*")
_FAILURES_AND_USES = _partitions("failed#*", f"{last_uses.PARTITION}*")
_USED = _partitions(f"{usage.PREFIX}*")
_REFUSED = _partitions(f"{refused.PREFIX}*")
_USED_AND_REFUSED = _partitions(f"{usage.PREFIX}*", f"{refused.PREFIX}*")

# Of the ledger table the keys that verify logs, the counts of logs, and what was found.
_KEY_LINES = _partitions(published.PARTITION)
_COUNTS = _partitions(f"*{COUNTS}")
_ALERTS = _partitions(f"*{alerts.PARTITION}")

# Or only the partitions of the tenant that the session is tagged with. `ForAllValues` alone is also met by a call
# without partition.
_TENANT = f"${{aws:PrincipalTag/{TAG}}}"
_OF_TENANT: Conditions = {**_partitions(_TENANT, f"{_TENANT}#*"), "Null": {"dynamodb:LeadingKeys": "false"}}

_SEES_STAMPED: Conditions = {"ForAllValues:StringEquals": {"dynamodb:Attributes": list(STAMPED)}}
# Without these two an answer could hold all the other attributes.
_SELECTS: Conditions = {"StringEquals": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"}}
_RETURNS: Conditions = {"StringEqualsIfExists": {"dynamodb:ReturnValues": ["NONE", "UPDATED_OLD", "UPDATED_NEW"]}}


def permissions(storage: StorageStack, queues: Mapping[str, sqs.IQueue]) -> dict[str, list[iam.PolicyStatement]]:
    """The statements for each function's role, by the function's name, and for `DOWNLOAD` and `READER`.

    `queues`: by the name of the reader.
    """
    events, identities, control = (table.table_arn for table in (storage.events, storage.identities, storage.control))
    ledger = storage.ledger.table_arn
    credentials, limits = storage.credentials.table_arn, storage.limits.table_arn
    ledger = storage.ledger.table_arn
    exports = storage.exports
    files = exports.arn_for_objects("files/*")

    # DynamoDB asks for all of these from whoever uses a table with a customer's key.
    tables_key = allow(
        storage.key.key_arn,
        *("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"),
        conditions=_via(storage, "dynamodb"),
    )
    # Each function that records what it does inserts an event. The caller is a person, who may be new.
    insert = [allow(events, "dynamodb:PartiQLInsert"), allow(identities, "dynamodb:PartiQLInsert")]
    record = [*insert, allow(identities, "dynamodb:BatchGetItem", "dynamodb:Query")]
    # Functions that a tenant calls, and exports and replays that it asks for, count what it uses.
    count_use = allow(storage.limits.table_arn, "dynamodb:UpdateItem", conditions=_USED)
    secret = allow(storage.secret.secret_arn, "secretsmanager:GetSecretValue")
    change_jobs = allow(control, "dynamodb:UpdateItem", conditions=_JOBS)
    # To forget a person. No other role may delete from the identities or update a row of them.
    forget_people = [
        allow(identities, "dynamodb:BatchGetItem", "dynamodb:Query"),
        allow(identities, "dynamodb:DeleteItem", "dynamodb:UpdateItem"),
        allow(queues["sweep"].queue_arn, "sqs:SendMessage"),
    ]
    # Customers name their roles as they like, in accounts that we don't know, so no narrower resource is possible. A
    # role of our own account may trust every role in it, so there the denial wins over whatever else is granted.
    customers_roles = [
        allow(
            f"arn:{storage.partition}:iam::*:role/*",
            "sts:AssumeRole",
            conditions={"Null": {"sts:ExternalId": "false"}},
        ),
        deny(f"arn:{storage.partition}:iam::{storage.account}:role/*", "sts:AssumeRole"),
    ]

    return {
        "authorize": [
            # It can't change a key, nor anybody else read one.
            allow(credentials, "dynamodb:GetItem", conditions=_KEYS),
            allow(limits, "dynamodb:UpdateItem", conditions=_FAILURES_AND_USES),
            tables_key,
        ],
        "ingest": [
            allow(events, "dynamodb:PartiQLInsert", "dynamodb:BatchGetItem"),
            allow(identities, "dynamodb:PartiQLInsert", "dynamodb:BatchGetItem", "dynamodb:Query"),
            allow(control, "dynamodb:GetItem", "dynamodb:Query"),  # settings, the tenant's own activities
            allow(limits, "dynamodb:UpdateItem", conditions=_USED_AND_REFUSED),
            secret,
            tables_key,
        ],
        # It reads events and people as READER, as do `exports` and `export`: also to know the caller whom it records.
        "query": [
            *insert,
            allow(control, "dynamodb:GetItem", "dynamodb:Query"),  # settings, the tenant's own activities, groups
            count_use,
            secret,
            tables_key,
        ],
        # It reads events, people and logs as READER. The keys that verify logs belong to no tenant.
        "ledger": [
            *insert,
            allow(control, "dynamodb:GetItem", "dynamodb:Query"),  # settings, the tenant's own activities, groups
            allow(storage.ledger.table_arn, "dynamodb:Query", conditions=_KEY_LINES),
            allow(queues["sign"].queue_arn, "sqs:SendMessage"),  # where a proof needs a newer checkpoint
            count_use,
            secret,
            tables_key,
        ],
        "tenants": [
            *record,
            # A transaction needs the action of each of its parts; it has no action of its own.
            allow(control, "dynamodb:GetItem", "dynamodb:Query"),
            allow(
                control,
                *("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"),
                conditions=_SETTINGS_AND_OPERATORS,
            ),
            allow(
                credentials,
                *("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"),
                conditions=_KEYS,
            ),
            allow(limits, "dynamodb:BatchGetItem", conditions=_USES),
            count_use,
            secret,
            tables_key,
        ],
        "manage": [
            *record,
            allow(control, "dynamodb:GetItem", "dynamodb:Query"),
            allow(control, "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", conditions=_SETTINGS),
            allow(control, "dynamodb:PutItem", conditions=_JOBS),
            allow(queues["restamp"].queue_arn, "sqs:SendMessage"),
            allow(limits, "dynamodb:Query", conditions=_REFUSED),
            count_use,
            secret,
            tables_key,
        ],
        "forget": [
            *record,
            *forget_people,
            allow(control, "dynamodb:GetItem", "dynamodb:Query"),  # settings, exports
            allow(control, "dynamodb:PutItem", conditions=_JOBS),
            secret,
            tables_key,
        ],
        "sweep": [*forget_people, allow(control, "dynamodb:GetItem"), change_jobs, secret, tables_key],
        "exports": [
            *insert,
            # Settings, groups, and jobs: a new job depends on those that are active.
            allow(control, "dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"),
            allow(control, "dynamodb:PutItem", "dynamodb:UpdateItem", conditions=_JOBS),
            # It reads no file. Links to them are signed with the role below, which it assumes.
            allow(files, "s3:DeleteObject"),
            # The message of a cancelled job comes at once, so that its lane is free.
            allow(queues["export"].queue_arn, "sqs:SendMessage", "sqs:ChangeMessageVisibility"),
            count_use,
            secret,
            tables_key,
        ],
        DOWNLOAD: [
            # A link can read what this role and the policy of its session allow: one export.
            allow(files, "s3:GetObject"),
            allow(storage.key.key_arn, "kms:Decrypt", conditions=_via(storage, "s3")),
        ],
        READER: [
            # No Scan and no PartiQLSelect: a session reads by partition, and only those of its tenant.
            allow(events, "dynamodb:Query", "dynamodb:BatchGetItem", conditions=_OF_TENANT),
            *(allow(f"{events}/index/{index}", "dynamodb:Query", conditions=_OF_TENANT) for index in EVENT_INDEXES),
            allow(identities, "dynamodb:Query", "dynamodb:BatchGetItem", conditions=_OF_TENANT),
            allow(storage.ledger.table_arn, "dynamodb:Query", "dynamodb:BatchGetItem", conditions=_OF_TENANT),
            tables_key,
        ],
        "export": [
            allow(events, "dynamodb:PartiQLInsert"),  # it records that an export with evidence is complete
            allow(control, "dynamodb:GetItem", "dynamodb:Query"),
            change_jobs,
            *(
                allow(
                    folder,
                    *("s3:PutObject", "s3:GetObject", "s3:DeleteObject"),
                    *("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"),
                )
                for folder in (files, exports.arn_for_objects("runs/*"))
            ),
            allow(exports.bucket_arn, "s3:ListBucket"),  # without it a missing file answers 403 instead of 404
            allow(storage.key.key_arn, "kms:Decrypt", "kms:GenerateDataKey*", conditions=_via(storage, "s3")),
            allow(queues["export"].queue_arn, "sqs:SendMessage"),  # to hand over
            allow(queues["sign"].queue_arn, "sqs:SendMessage"),
            count_use,
            secret,
            tables_key,
        ],
        "restamp": [
            # The only role that may change an event: when it expires, and nothing else. It sees nothing else either.
            # As far as we know, IAM can neither limit the time that it sets nor demand that the event exists.
            allow(events, "dynamodb:Query", conditions={**_SEES_STAMPED, **_SELECTS}),
            allow(events, "dynamodb:UpdateItem", conditions={**_SEES_STAMPED, **_RETURNS}),
            allow(control, "dynamodb:GetItem", "dynamodb:Query"),
            change_jobs,
            allow(queues["restamp"].queue_arn, "sqs:SendMessage"),  # to hand over
            tables_key,
        ],
        "streams": [
            *record,
            allow(events, "dynamodb:BatchGetItem"),  # a test event is recorded and sent
            allow(control, "dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"),
            allow(control, "dynamodb:PutItem", "dynamodb:UpdateItem", conditions=_STREAMS_AND_JOBS),
            allow(control, "dynamodb:DeleteItem", conditions=_STREAMS),
            *customers_roles,
            allow(queues["replay"].queue_arn, "sqs:SendMessage"),
            count_use,
            secret,
            tables_key,
        ],
        "fan_out": [
            # It reads destinations, notes their state, and parks events.
            allow(control, "dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:UpdateItem", conditions=_STREAMS),
            allow(control, "dynamodb:PutItem", conditions=_PARKED),
            allow(identities, "dynamodb:BatchGetItem"),
            *customers_roles,
            allow(queues["redeliver"].queue_arn, "sqs:SendMessage"),
            tables_key,
        ],
        # Whoever writes to a log does it with INSERT, and so can neither replace nor delete an append, a checkpoint or
        # any other row. Only counts change: a fold replaces them.
        "append": [
            allow(ledger, "dynamodb:PartiQLInsert", "dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"),
            allow(ledger, "dynamodb:PutItem", conditions=_COUNTS),
            # Of tampering it tells in the tenant's own log; the settings say what was allowed.
            allow(events, "dynamodb:PartiQLInsert"),
            allow(control, "dynamodb:GetItem", conditions=_SETTINGS),
            allow(queues["append_parked"].queue_arn, "sqs:SendMessage"),
            tables_key,
        ],
        "append_parked": [
            allow(events, "dynamodb:BatchGetItem"),
            allow(ledger, "dynamodb:PartiQLInsert", "dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"),
            tables_key,
        ],
        "ledger_sweep": [
            # It reads events as they are stored, and appends what the logs lack, as `append` does.
            allow(events, "dynamodb:Query", "dynamodb:PartiQLInsert"),
            allow(ledger, "dynamodb:PartiQLInsert", "dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"),
            # Counts and alerts go when events do.
            allow(ledger, "dynamodb:BatchWriteItem", "dynamodb:PutItem", conditions=_COUNTS),
            allow(ledger, "dynamodb:DeleteItem", conditions=_ALERTS),
            # Settings, the list of tenants, and jobs: a new one depends on those that are active.
            allow(control, "dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"),
            allow(control, "dynamodb:PutItem", "dynamodb:UpdateItem", conditions=_JOBS),
            allow(queues["ledger_sweep"].queue_arn, "sqs:SendMessage"),
            tables_key,
        ],
        "redeliver": [
            allow(events, "dynamodb:BatchGetItem"),
            allow(control, "dynamodb:GetItem"),  # destinations, and retention in the settings
            allow(control, "dynamodb:UpdateItem", conditions=_STREAMS),
            allow(
                control,
                *("dynamodb:Query", "dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"),
                conditions=_PARKED,
            ),
            allow(f"{control}/index/{drains.INDEX}", "dynamodb:Query"),
            allow(identities, "dynamodb:BatchGetItem"),
            *customers_roles,
            allow(queues["redeliver"].queue_arn, "sqs:SendMessage"),
            tables_key,
        ],
        "replay": [
            allow(events, "dynamodb:Query"),
            allow(control, "dynamodb:GetItem"),
            change_jobs,
            allow(identities, "dynamodb:BatchGetItem"),
            *customers_roles,
            allow(queues["replay"].queue_arn, "sqs:SendMessage"),  # to hand over
            count_use,
            tables_key,
        ],
        "sign": [
            allow(control, "dynamodb:Query", conditions=_TENANTS),  # of all tenants; it sees nobody's settings
            allow(ledger, "dynamodb:PartiQLInsert", "dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"),
            allow(ledger, "dynamodb:PutItem", conditions=_COUNTS),  # it folds
            # No other role may sign with these keys: their policies deny it.
            *(allow(key.key_arn, "kms:GetPublicKey", "kms:Sign") for key in (*storage.head_keys, *storage.time_keys)),
            # It can't end the lock of an object, nor delete one.
            allow(storage.checkpoints.arn_for_objects("*"), "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"),
            allow(storage.checkpoints.bucket_arn, "s3:ListBucketVersions"),
            allow(storage.key.key_arn, "kms:Decrypt", "kms:GenerateDataKey*", conditions=_via(storage, "s3")),
            allow(queues["sign"].queue_arn, "sqs:SendMessage"),
            tables_key,
        ],
        # All else it does as any customer could, by HTTP.
        "canary": [allow(storage.canary_secret.secret_arn, "secretsmanager:GetSecretValue")],
        "console": [],
        "public": [],
    }


def _via(storage: StorageStack, service: str) -> Conditions:
    """The condition that the key is used by this service on the role's behalf, and not by the role itself."""
    return {"StringEquals": {"kms:ViaService": f"{service}.{storage.region}.amazonaws.com"}}
