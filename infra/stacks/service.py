"""What answers: the functions, what invokes them, and the API in front of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs import canary as canary_calls
from infra.constructs import download_role, reader_role
from infra.constructs.budget import Budget
from infra.constructs.canary import Canary
from infra.constructs.change_rules import ChangeRules
from infra.constructs.download_role import DownloadRole
from infra.constructs.firewall import Firewall
from infra.constructs.function import Function
from infra.constructs.gateway import Gateway
from infra.constructs.monitoring import Monitoring
from infra.constructs.reader_role import ReaderRole
from infra.constructs.saved_queries import SavedQueries
from infra.constructs.schedule import Ticks
from infra.constructs.signing import Signing
from infra.constructs.streams import Drains, LedgerRecords, NewEvents
from infra.functions import API_FUNCTIONS, FUNCTIONS, READERS, title
from infra.settings import DeploymentSettings
from infra.stacks.alarms.questions import Watched, questions
from infra.stacks.changes import changes
from infra.stacks.permissions import DOWNLOAD, READER, permissions
from infra.stacks.queries import queries
from infra.stacks.storage import StorageStack

NIGHTLY = Duration.days(1)

_SET_LATER = {canary_calls.SETTING, download_role.SETTING, reader_role.SETTING}


class ServiceStack(Stack):
    """Holds no events, settings or messages, and can be deployed anew at any time.

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
        queues = {
            "redeliver": storage.drains,
            "sign": storage.signs,
            **{name: each.queue for name, each in storage.jobs.items()},
        }
        values = _setting_values(storage, queues, settings)
        roles = {
            "restamp": iam.Role.from_role_arn(self, "RestampRole", storage.restamp_role.role_arn),
            "sign": iam.Role.from_role_arn(self, "SignRole", storage.sign_role.role_arn),
        }
        functions = {
            name: Function(
                self,
                title(name),
                handler=f"{spec.module}.handler",
                code=code,
                environment={
                    variable: values[field]
                    for field, variable in spec.settings.variables().items()
                    if field not in _SET_LATER and values[field]
                },
                memory_mb=spec.memory_mb,
                timeout=Duration.seconds(spec.timeout_s),
                reserved=spec.reserved if settings.reserve else None,
                settings=settings,
                role=roles.get(name),
            )
            for name, spec in FUNCTIONS.items()
        }
        allowed = permissions(storage, queues)
        for name, function in functions.items():
            function.grant(*allowed[name])
        DownloadRole(self, "Download", statements=allowed[DOWNLOAD], reader=functions["exports"])
        ReaderRole(self, "Reader", statements=allowed[READER], readers=[functions[name] for name in READERS])

        for name, each in storage.jobs.items():
            each.invoke(functions[name].function, settings)
        new_events = NewEvents(
            self,
            "NewEvents",
            table=storage.events,
            reader=functions["fan_out"],
            failed=storage.failed_batches,
            settings=settings,
        )
        ledger_records = LedgerRecords(
            self,
            "LedgerRecords",
            table=storage.events,
            reader=functions["append"],
            failed=storage.failed_batches,
            settings=settings,
        )
        Drains(self, "Drains", queue=storage.drains, reader=functions["redeliver"], settings=settings)

        Ticks(self, "LedgerSweeps", function=functions["ledger_sweep"].function, period=NIGHTLY)
        Signing(self, "Signing", queue=storage.signs, reader=functions["sign"], settings=settings)

        canary = Canary(self, "CanaryRounds", function=functions["canary"].function)

        gateway = Gateway(
            self,
            "Gateway",
            authorize=functions["authorize"].function,
            functions={name: functions[name].function for name in FUNCTIONS if name in API_FUNCTIONS},
            settings=settings,
        )
        canary.call(gateway.url)
        change_rules = ChangeRules(
            self,
            "Changes",
            changes=changes(
                tables=storage.protected_tables,
                key=storage.key,
                secret=storage.secret,
                signing_keys=[*storage.head_keys, *storage.time_keys],
                checkpoints=storage.checkpoints,
                guarded={
                    storage.restamp_role: functions["restamp"].function,
                    storage.sign_role: functions["sign"].function,
                },
            ),
        )
        monitoring = Monitoring(
            self,
            "Monitoring",
            questions=questions(
                Watched(
                    stage=gateway.api.deployment_stage,
                    firewall=settings.named("Daybook") if settings.waf else None,
                    functions={name: each.function for name, each in functions.items()},
                    tables={**storage.protected_tables, "limits": storage.limits},
                    job_queues={name: each.queue for name, each in storage.jobs.items()},
                    dead_letters={name: each.dead for name, each in storage.jobs.items()},
                    new_events=new_events,
                    ledger_records=ledger_records,
                    change_rules=change_rules.rules,
                    account_concurrency=settings.account_concurrency,
                    namespace=settings.metric_namespace,
                )
            ),
            email=settings.alarm_email,
        )
        change_rules.tell(monitoring.topic)
        if settings.budget_dollars is not None:
            Budget(self, "Budget", dollars=settings.budget_dollars, topic=monitoring.topic)
        SavedQueries(
            self,
            "Queries",
            folder=settings.named("Daybook"),
            queries=queries(gateway.access_log, {name: each.function.log_group for name, each in functions.items()}),
        )
        if settings.waf:
            Firewall(
                self,
                "Firewall",
                stage=gateway.api.deployment_stage,
                rate=settings.waf_rate,
                name=settings.named("Daybook"),
            )
        CfnOutput(self, "Url", value=gateway.url, description="Where the API answers; /v1/... follows it")
        if gateway.domain_target:
            CfnOutput(self, "DomainTarget", value=gateway.domain_target, description="Point the domain's CNAME to it")
        CfnOutput(self, "FanOutFunctionName", value=functions["fan_out"].function.function_name)
        CfnOutput(self, "AppendFunctionName", value=functions["append"].function.function_name)
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
        "ledger_table": storage.ledger.table_name,
        "limits_table": storage.limits.table_name,
        "secret_arn": storage.secret.secret_arn,
        "canary_secret_arn": storage.canary_secret.secret_arn,
        "export_bucket": storage.exports.bucket_name,
        "failed_batch_bucket": storage.failed_batches.bucket.bucket_name,
        "checkpoint_bucket": storage.checkpoints.bucket_name,
        "drain_queue_url": queues["redeliver"].queue_url,
        "sign_queue_url": queues["sign"].queue_url,
        "head_keys": _arns(storage.head_keys),
        "time_keys": _arns(storage.time_keys),
        "log_origin": settings.log_origin,
        "checkpoint_seconds": str(settings.checkpoint_seconds),
        **(of_issuer if settings.oidc_issuer else dict.fromkeys(of_issuer, "")),
        **{spec.jobs.url_setting: queues[name].queue_url for name, spec in FUNCTIONS.items() if spec.jobs},
    }


def _arns(keys: Sequence[kms.IKey]) -> str:
    return " ".join(key.key_arn for key in keys)
