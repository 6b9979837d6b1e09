"""What answers: the functions, who of them may do what, and the API in front of them."""

from collections.abc import Mapping
from typing import Any

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from daybook.jobs.job import PARTITION
from infra.constructs.function import Function
from infra.constructs.gateway import Gateway
from infra.constructs.job_queue import JobQueue
from infra.constructs.monitoring import Watch
from infra.constructs.streams import NewEvents, Parked, RetryQueue
from infra.functions import module_of
from infra.stacks.storage import EVENT_INDEXES, StorageStack

# 1,769 MB is one whole processor: below it both imports and sealing take longer in proportion, for the same price.
_WHOLE_PROCESSOR_MB = 1_769
# The gateway hangs up after 29 s; a function that ends before can still answer for what it did not finish.
_ANSWER_WITHIN = Duration.seconds(28)
# Lambda's own limit; an export longer than that is handed over.
_MAX_DURATION = Duration.minutes(15)
_EXPORTS_AT_ONCE = 20  # of all tenants

_RESTAMPS_AT_ONCE = 5  # of all tenants
_SWEEPS_AT_ONCE = 5
_SWEEP_WITHIN = Duration.minutes(3)  # twice the half minute of a step, and a minute to hand over

STAMPED = ("pk", "sk", "expires_at")

JOBS = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"*{PARTITION}"]}}
"""Of the control table the tenants' jobs alone: no setting, no key, no group, no destination."""


class ServiceStack(Stack):
    """Holds no data and can be deployed anew at any time.

    To come, with a function of its own: the ledger's reader of the events' stream.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, storage: StorageStack, code: lambda_.Code, **kwargs: Any
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self._storage = storage
        self._code = code
        control = {"CONTROL_TABLE": storage.control.table_name}
        stores = {
            "EVENTS_TABLE": storage.events.table_name,
            "IDENTITIES_TABLE": storage.identities.table_name,
            "SECRET_ARN": storage.secret.secret_arn,
            **control,
        }
        # In each caller's way once a minute, with one read and a hash: less memory, but its start is waited for.
        # 10 s: both attempts of the client at a slow read.
        self.authorize = self._function("authorize", control, memory_mb=1_024, timeout=Duration.seconds(10))
        self.ingest = self._function("ingest", stores)
        self.query = self._function("query", stores)
        self.tenants = self._function("tenants", stores)
        self.manage = self._function("manage", stores)
        self.restamp = self._function(
            "restamp", {"EVENTS_TABLE": storage.events.table_name, **control}, timeout=_MAX_DURATION
        )
        self.restamp_queue = JobQueue(
            self, "RestampQueue", worker=self.restamp.function, by_lane=False, at_once=_RESTAMPS_AT_ONCE
        )
        for function in (self.manage, self.restamp):
            function.function.add_environment("RESTAMP_QUEUE_URL", self.restamp_queue.queue.queue_url)
        self.forget = self._function("forget", stores)
        self.sweep = self._function(
            "sweep",
            {
                "IDENTITIES_TABLE": storage.identities.table_name,
                "SECRET_ARN": storage.secret.secret_arn,
                **control,
            },
            timeout=_SWEEP_WITHIN,
        )
        self.sweep_queue = JobQueue(
            self, "SweepQueue", worker=self.sweep.function, by_lane=False, at_once=_SWEEPS_AT_ONCE
        )
        for function in (self.forget, self.sweep):
            function.function.add_environment("SWEEP_QUEUE_URL", self.sweep_queue.queue.queue_url)
        self.streams = self._function("streams", stores)
        retry = RetryQueue(self, "Retry", function_timeout=_ANSWER_WITHIN)
        publishing = {
            "IDENTITIES_TABLE": storage.identities.table_name,
            "RETRY_QUEUE_URL": retry.queue.queue_url,
            **control,
        }
        self.fan_out = self._function("fan_out", publishing)
        self.redeliver = self._function("redeliver", {"EVENTS_TABLE": storage.events.table_name, **publishing})
        self.replay = self._function(
            "replay",
            {
                "EVENTS_TABLE": storage.events.table_name,
                "IDENTITIES_TABLE": storage.identities.table_name,
                **control,
            },
            timeout=_MAX_DURATION,
        )
        # One of each tenant at a time: a second one would only take the first one's share of the stream.
        self.replay_queue = JobQueue(self, "ReplayQueue", worker=self.replay.function, by_lane=True, at_once=5)
        for function in (self.streams, self.replay):
            function.function.add_environment("REPLAY_QUEUE_URL", self.replay_queue.queue.queue_url)
        self.public = self._function("public", {}, memory_mb=512, timeout=Duration.seconds(5))

        exporting = {"EXPORT_BUCKET": storage.exports.bucket_name}
        self.export = self._function("export", {**stores, **exporting}, timeout=_MAX_DURATION)
        self.export_queue = JobQueue(
            self, "ExportQueue", worker=self.export.function, by_lane=True, at_once=_EXPORTS_AT_ONCE
        )
        self.exports = self._function("exports", {**stores, **exporting})
        for function in (self.export, self.exports):
            function.function.add_environment("EXPORT_QUEUE", self.export_queue.queue.queue_url)

        self._grant()
        self._grant_publishing(retry.queue.queue_arn)
        self._grant_forgetting(self.sweep_queue.queue.queue_arn)
        self._grant_restamps(self.restamp_queue.queue.queue_arn)
        self._grant_exports(self.export_queue.queue.queue_arn)
        new_events = NewEvents(self, "NewEvents", table=storage.events, reader=self.fan_out)
        Parked(self, "Parked", queue=retry.queue, reader=self.redeliver)

        behind_the_gateway = {
            "ingest": self.ingest.function,
            "query": self.query.function,
            "tenants": self.tenants.function,
            "manage": self.manage.function,
            "forget": self.forget.function,
            "exports": self.exports.function,
            "streams": self.streams.function,
            "public": self.public.function,
        }
        gateway = Gateway(self, "Gateway", authorize=self.authorize.function, functions=behind_the_gateway)
        watch = Watch(
            self,
            "Watch",
            api=gateway.api,
            functions={"authorize": self.authorize.function, **behind_the_gateway},
            readers={
                "fan_out": self.fan_out.function,
                "redeliver": self.redeliver.function,
                "replay": self.replay.function,
                "export": self.export.function,
                "restamp": self.restamp.function,
                "sweep": self.sweep.function,
            },
            dead_letters={
                "NewEventsFailed": new_events.failed,
                "RetryDead": retry.dead,
                "ReplayDead": self.replay_queue.dead,
                "ExportsDead": self.export_queue.dead,
                "RestampsDead": self.restamp_queue.dead,
                "SweepsDead": self.sweep_queue.dead,
            },
        )
        CfnOutput(self, "Url", value=gateway.api.url, description="Where the API answers; /v1/... follows it")
        CfnOutput(self, "AlarmTopic", value=watch.topic.topic_arn, description="Subscribe to hear the alarms")

    def _grant(self) -> None:
        """Who may do what, all of it: nobody may overwrite or delete an event."""
        events = self._storage.events.table_arn
        identities = self._storage.identities.table_arn
        control = self._storage.control.table_arn

        self.authorize.allow(control, "dynamodb:GetItem", "dynamodb:UpdateItem")  # counts failed credentials

        self.ingest.allow(events, "dynamodb:PartiQLInsert", "dynamodb:BatchGetItem")
        self.ingest.allow(identities, "dynamodb:PartiQLInsert", "dynamodb:BatchGetItem")
        self.ingest.allow(control, "dynamodb:GetItem", "dynamodb:Query")  # settings, the tenant's own activities

        # It inserts, too: what is read is an event of its own.
        self.query.allow(events, "dynamodb:Query", "dynamodb:BatchGetItem", "dynamodb:PartiQLInsert")
        for index in EVENT_INDEXES:
            self.query.allow(f"{events}/index/{index}", "dynamodb:Query")
        self.query.allow(identities, "dynamodb:Query", "dynamodb:BatchGetItem")
        # Settings, the tenant's own activities, groups.
        self.query.allow(control, "dynamodb:GetItem", "dynamodb:Query")

        self.tenants.allow(events, "dynamodb:PartiQLInsert", "dynamodb:BatchGetItem")
        # A transaction asks for the action of each of its parts, and has none of its own.
        self.tenants.allow(control, "dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:DeleteItem")

        self.manage.allow(events, "dynamodb:PartiQLInsert")
        # A group may name people whom no event has named yet.
        self.manage.allow(identities, "dynamodb:PartiQLInsert", "dynamodb:BatchGetItem", "dynamodb:Query")
        self.manage.allow(control, "dynamodb:GetItem", "dynamodb:Query")
        self.manage.allow(control, "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem")

        everyone = (
            *(self.ingest, self.query, self.tenants, self.manage, self.forget),
            *(self.sweep, self.exports, self.export),
        )
        for function in everyone:
            function.allow(self._storage.secret.secret_arn, "secretsmanager:GetSecretValue")
        for function in (self.authorize, *everyone):
            self._allow_key(function)

    def _grant_forgetting(self, queue: str) -> None:
        """The only roles that may delete from the identities, or change a row of them: a tombstone's."""
        identities, control = self._storage.identities.table_arn, self._storage.control.table_arn

        self.forget.allow(self._storage.events.table_arn, "dynamodb:PartiQLInsert")
        self.forget.allow(control, "dynamodb:GetItem", "dynamodb:Query")  # settings, exports
        self.forget.allow(control, "dynamodb:PutItem", conditions=JOBS)
        self.sweep.allow(control, "dynamodb:GetItem")
        self._allow_jobs(self.sweep)
        for function in (self.forget, self.sweep):
            function.allow(identities, "dynamodb:BatchGetItem", "dynamodb:Query")
            function.allow(identities, "dynamodb:DeleteItem", "dynamodb:UpdateItem")
            function.allow(queue, "sqs:SendMessage")

    def _grant_restamps(self, queue: str) -> None:
        """The one role that may change an event: of each when it expires, and nothing else; its reads show no more.

        Not in IAM's power, for all that is known: what it may set that time to, and whether the event is there.
        """
        events, control = self._storage.events.table_arn, self._storage.control.table_arn
        stamped = {"ForAllValues:StringEquals": {"dynamodb:Attributes": list(STAMPED)}}
        # Else an answer could hold all the other attributes.
        selected = {"StringEquals": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"}}
        returned = {"StringEqualsIfExists": {"dynamodb:ReturnValues": ["NONE", "UPDATED_OLD", "UPDATED_NEW"]}}
        self.restamp.allow(events, "dynamodb:Query", conditions={**stamped, **selected})
        self.restamp.allow(events, "dynamodb:UpdateItem", conditions={**stamped, **returned})
        self.restamp.allow(control, "dynamodb:GetItem", "dynamodb:Query")
        self._allow_jobs(self.restamp)
        for function in (self.manage, self.restamp):
            function.allow(queue, "sqs:SendMessage")
        self._allow_key(self.restamp)

    def _grant_exports(self, queue: str) -> None:
        """The one asks and shows, the other writes; neither changes a setting, a key or an event."""
        events = self._storage.events.table_arn
        identities = self._storage.identities.table_arn
        control = self._storage.control.table_arn

        self.exports.allow(events, "dynamodb:PartiQLInsert")
        self.exports.allow(identities, "dynamodb:Query", "dynamodb:BatchGetItem")
        # Settings, groups, and jobs: a new one is put beside those that are active.
        self.exports.allow(control, "dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query")
        self.exports.allow(control, "dynamodb:PutItem", "dynamodb:UpdateItem", conditions=JOBS)
        # Whoever it signs a URL for reads as it may.
        self.exports.allow(self._exports("files"), "s3:GetObject", "s3:DeleteObject")
        self.exports.allow(queue, "sqs:SendMessage")

        self.export.allow(events, "dynamodb:Query")
        for index in EVENT_INDEXES:
            self.export.allow(f"{events}/index/{index}", "dynamodb:Query")
        self.export.allow(identities, "dynamodb:BatchGetItem")
        self.export.allow(control, "dynamodb:GetItem", "dynamodb:Query")
        self._allow_jobs(self.export)
        for folder in ("files", "runs"):
            self.export.allow(self._exports(folder), "s3:PutObject", "s3:GetObject", "s3:DeleteObject")
            self.export.allow(self._exports(folder), "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")
        self.export.allow(self._storage.exports.bucket_arn, "s3:ListBucket")  # to be told that a file is not there
        self.export.allow(queue, "sqs:SendMessage")  # to hand over

        for function in (self.exports, self.export):
            function.allow(
                self._storage.key.key_arn,
                "kms:Decrypt",
                *(("kms:GenerateDataKey*",) if function is self.export else ()),
                conditions={"StringEquals": {"kms:ViaService": f"s3.{self.region}.amazonaws.com"}},
            )

    def _exports(self, folder: str) -> str:
        return self._storage.exports.arn_for_objects(f"{folder}/*")

    def _allow_jobs(self, function: Function) -> None:
        """To change a job's row."""
        function.allow(self._storage.control.table_arn, "dynamodb:UpdateItem", conditions=JOBS)

    def _grant_publishing(self, retry_queue: str) -> None:
        """Who may assume customers' roles: these four alone. What the role then allows is the customer's to say."""
        events = self._storage.events.table_arn
        identities = self._storage.identities.table_arn
        control = self._storage.control.table_arn

        # Reads destinations, notes their state, counts what it parks.
        self.fan_out.allow(
            control, "dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"
        )
        self.fan_out.allow(identities, "dynamodb:BatchGetItem")

        self.redeliver.allow(events, "dynamodb:BatchGetItem")
        self.redeliver.allow(control, "dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem")
        self.redeliver.allow(control, "dynamodb:UpdateItem", "dynamodb:DeleteItem")
        self.redeliver.allow(identities, "dynamodb:BatchGetItem")

        self.streams.allow(events, "dynamodb:BatchGetItem", "dynamodb:PartiQLInsert")  # a test is recorded, and sent
        self.streams.allow(control, "dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query")
        self.streams.allow(control, "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem")
        self.streams.allow(identities, "dynamodb:BatchGetItem")
        self.streams.allow(self._storage.secret.secret_arn, "secretsmanager:GetSecretValue")

        self.replay.allow(events, "dynamodb:Query")
        self.replay.allow(control, "dynamodb:GetItem")
        self._allow_jobs(self.replay)
        self.replay.allow(identities, "dynamodb:BatchGetItem")

        for function in (self.fan_out, self.redeliver):
            function.allow(retry_queue, "sqs:SendMessage")
        for function in (self.streams, self.replay):  # to ask, and to hand over
            function.allow(self.replay_queue.queue.queue_arn, "sqs:SendMessage")
        for function in (self.fan_out, self.redeliver, self.replay, self.streams):
            function.allow(
                # Customers name their roles as they like, in accounts that we don't know: no narrower resource says
                # it. Never without an external id, and never in our own account, where roles may trust all of it.
                f"arn:{self.partition}:iam::*:role/*",
                "sts:AssumeRole",
                conditions={
                    "Null": {"sts:ExternalId": "false"},
                    "StringNotEquals": {"aws:ResourceAccount": self.account},
                },
            )
            self._allow_key(function)

    def _allow_key(self, function: Function) -> None:
        """The tables' key, by way of DynamoDB alone: these are what it asks of whoever uses a table under a key."""
        function.allow(
            self._storage.key.key_arn,
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:Encrypt",
            "kms:GenerateDataKey*",
            "kms:ReEncrypt*",
            conditions={"StringEquals": {"kms:ViaService": f"dynamodb.{self.region}.amazonaws.com"}},
        )

    def _function(
        self,
        name: str,
        environment: Mapping[str, str],
        *,
        memory_mb: int = _WHOLE_PROCESSOR_MB,
        timeout: Duration = _ANSWER_WITHIN,
    ) -> Function:
        return Function(
            self,
            "".join(part.capitalize() for part in name.split("_")),
            handler=f"{module_of(name)}.handler",
            code=self._code,
            environment=environment,
            memory_mb=memory_mb,
            timeout=timeout,
        )
