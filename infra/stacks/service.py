"""What answers: the functions, the queues between them, and the API in front of them."""

from collections.abc import Mapping
from typing import Any

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs import download_role
from infra.constructs.change_rules import ChangeRules
from infra.constructs.download_role import DownloadRole
from infra.constructs.function import Function
from infra.constructs.gateway import Gateway
from infra.constructs.job_queue import JobQueue
from infra.constructs.monitoring import Monitoring
from infra.constructs.streams import DrainQueue, Drains, NewEvents
from infra.functions import API_FUNCTIONS, FUNCTIONS, FunctionSpec, title
from infra.settings import DeploymentSettings
from infra.stacks.alarms import alarms
from infra.stacks.changes import changes
from infra.stacks.permissions import DOWNLOAD, permissions
from infra.stacks.storage import StorageStack


class ServiceStack(Stack):
    """Holds no events and no settings, and can be deployed anew at any time.

    Each part has its table: `infra.functions` (the functions and their queues), `permissions` and `alarms` beside this
    module, and `daybook.http.routes` (the API).
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        storage: StorageStack,
        code: lambda_.Code,
        settings: DeploymentSettings,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        jobs = {
            name: JobQueue(self, f"{title(name)}Queue", spec=spec.jobs, worker_timeout=_timeout(spec))
            for name, spec in FUNCTIONS.items()
            if spec.jobs
        }
        drain_queue = DrainQueue(self, "Drain", reader_timeout=_timeout(FUNCTIONS["redeliver"]))
        queues = {"redeliver": drain_queue.queue, **{name: each.queue for name, each in jobs.items()}}

        values = _setting_values(storage, queues, settings)
        functions = {
            name: Function(
                self,
                title(name),
                handler=f"{spec.module}.handler",
                code=code,
                environment={
                    variable: values[field]
                    for field, variable in spec.settings.variables().items()
                    if field != download_role.SETTING and values[field]
                },
                memory_mb=spec.memory_mb,
                timeout=_timeout(spec),
            )
            for name, spec in FUNCTIONS.items()
        }
        allowed = permissions(storage, queues)
        for name, function in functions.items():
            function.grant(*allowed[name])
        DownloadRole(self, "Download", statements=allowed[DOWNLOAD], reader=functions["exports"])

        for name, each in jobs.items():
            each.invoke(functions[name].function)
        new_events = NewEvents(self, "NewEvents", table=storage.events, reader=functions["fan_out"])
        Drains(self, "Drains", queue=drain_queue.queue, reader=functions["redeliver"])

        gateway = Gateway(
            self,
            "Gateway",
            authorize=functions["authorize"].function,
            functions={name: functions[name].function for name in FUNCTIONS if name in API_FUNCTIONS},
        )
        watched = {name: each.function for name, each in functions.items()}
        dead_letters = {
            "NewEventsFailed": new_events.failed,
            **{f"{title(name)}QueueDead": each.dead for name, each in jobs.items()},
        }
        monitoring = Monitoring(
            self,
            "Monitoring",
            alarms=alarms(api=gateway.api, functions=watched, dead_letters=dead_letters),
            api=gateway.api,
            functions=watched,
            email=settings.alarm_email,
        )
        ChangeRules(
            self,
            "Changes",
            changes=changes(
                tables=storage.protected_tables,
                key=storage.key,
                secret=storage.secret,
                restamp=functions["restamp"].function,
            ),
            topic=monitoring.topic,
        )
        CfnOutput(self, "Url", value=gateway.api.url, description="Where the API answers; /v1/... follows it")
        CfnOutput(self, "AlarmTopic", value=monitoring.topic.topic_arn, description="Subscribe to hear the alarms")


def _setting_values(
    storage: StorageStack, queues: Mapping[str, sqs.IQueue], settings: DeploymentSettings
) -> dict[str, str]:
    """The value of each field of the functions' settings; empty for a variable that is not set."""
    of_issuer = {name: value or "" for name, value in vars(settings).items() if name.startswith("oidc_")}
    return {
        "events_table": storage.events.table_name,
        "identities_table": storage.identities.table_name,
        "control_table": storage.control.table_name,
        "credentials_table": storage.credentials.table_name,
        "limits_table": storage.limits.table_name,
        "secret_arn": storage.secret.secret_arn,
        "export_bucket": storage.exports.bucket_name,
        "drain_queue_url": queues["redeliver"].queue_url,
        **(of_issuer if settings.oidc_issuer else dict.fromkeys(of_issuer, "")),
        **{spec.jobs.url_setting: queues[name].queue_url for name, spec in FUNCTIONS.items() if spec.jobs},
    }


def _timeout(spec: FunctionSpec) -> Duration:
    return Duration.seconds(spec.timeout_s)
