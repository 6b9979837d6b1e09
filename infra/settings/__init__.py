"""The settings of a deployment, from the CDK's context: `cdk.json`, or `-c name=value` on the command line.

`docs/operations/deploy.md` has a table of them. To add a setting, add a field here and a row there.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, Self

from constructs import Node

from infra.names import LIVE, named
from infra.settings.kinds import one_of, setting, text, whole, yes_or_no

OUTPUT = "Settings"
"""The output of both stacks by which the next deployment knows the settings of this one."""

# CloudWatch Logs accepts these alone (PutRetentionPolicy).
RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1_096, 1_827, 2_192, 2_557, 2_922, 3_288, 3_653),
)

_REGION = r"[a-z]{2}(-[a-z]+)+-[0-9]"
_HOST = r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
_TABLE = r"[A-Za-z0-9_.-]{3,255}"
_CERTIFICATE = re.compile(rf"arn:aws[a-z-]*:acm:(?P<region>{_REGION}):[0-9]{{12}}:certificate/[A-Za-z0-9-]+")
_STREAM = re.compile(
    rf"arn:aws[a-z-]*:dynamodb:(?P<region>{_REGION}):[0-9]{{12}}:table/(?P<table>{_TABLE})/stream/[0-9T:.-]+"
)
_NOT_SETTINGS = {"asset", "acknowledged-issue-numbers", "cli-telemetry"}
"""The first is of `infra.asset`, the others are the CDK's own. All else of the CDK's has a colon or an @."""

_table = text(_TABLE, "a table's name: 3 to 255 letters, digits, hyphens, underscores and full stops")
_origin = text(
    # Key names of signed notes have neither spaces nor a plus; a length that fits into every cosigner's message.
    r"[a-z0-9]([a-z0-9./-]{0,98}[a-z0-9])?",
    "1 to 100 lower-case letters, digits, full stops, slashes and hyphens, such as daybook or logs.example.com/daybook",
)
_claim = text(r"\S{1,200}", "a claim's name, without spaces")
_units = whole(1, 1_000_000)


class InvalidSetting(Exception):  # noqa: N818  says what it is
    """A setting has a value that no deployment can have. The message names the setting and what it must be."""


@dataclass(frozen=True)
class DeploymentSettings:
    stage: str = setting(
        # CloudFormation allows letters, digits and hyphens in a stack's name, API Gateway also in a stage's.
        text("[a-z][a-z0-9-]{0,19}", "1 to 20 lower-case letters, digits and hyphens that begin with a letter"),
        LIVE,
    )
    """Names the API's stage. Every stage but `live` also ends the names of its stacks and metrics."""
    region: str | None = setting(text(_REGION, "the name of a region, such as eu-central-1"))
    domain_name: str | None = setting(text(_HOST, "a host name in lower case, such as audit.example.com"))
    certificate_arn: str | None = setting(text(_CERTIFICATE.pattern, "the ARN of a certificate in ACM"))
    alarm_email: str | None = setting(text(r"[^@\s]+@[^@\s]+\.[^@\s]+", "one e-mail address"))
    """Who is told of every alarm. AWS sends this address a link that confirms it."""
    create_trail: bool = setting(yes_or_no, default=False)
    oidc_issuer: str | None = setting(
        # OpenID Connect Discovery 1.0, section 3: https, and neither a query nor a fragment.
        text(rf"https://{_HOST}(:[0-9]{{1,5}})?(/[^\s?#]*)?", "an https URL without query and fragment")
    )
    oidc_audience: str | None = setting(text(r"\S{1,1000}", "the audience that tokens name, without spaces"))
    oidc_console_client: str | None = setting(text(r"\S{1,1000}", "a client's id, without spaces"))
    """The public client with which people sign in at the console."""
    oidc_tenant_claim: str = setting(_claim, "tenant")
    oidc_roles_claim: str = setting(_claim, "roles")
    oidc_environments_claim: str = setting(_claim, "environments")
    waf: bool = setting(yes_or_no, default=False)
    waf_rate: int = setting(whole(10, 2_000_000_000), 2_000)  # WAF's own bounds
    """Requests of one address in five minutes."""
    xray: bool = setting(yes_or_no, default=False)
    log_retention_days: int = setting(one_of(*RETENTION_DAYS), 90)
    log_level: Literal["DEBUG", "INFO", "WARN"] = setting(one_of("DEBUG", "INFO", "WARN"), "WARN")
    """Of the lines that Lambda itself writes."""
    removal_policy: Literal["retain", "destroy"] = setting(one_of("retain", "destroy"), "retain")
    events_table: str | None = setting(_table)
    events_stream_arn: str | None = setting(text(_STREAM.pattern, "the ARN of a table's stream"))
    identities_table: str | None = setting(_table)
    control_table: str | None = setting(_table)
    credentials_table: str | None = setting(_table)
    ledger_table: str | None = setting(_table)
    max_read_units: int | None = setting(_units)
    """A second, of each table and index. All tenants share it."""
    max_write_units: int | None = setting(_units)
    fan_out_window_seconds: int = setting(whole(0, 300), 1)  # Lambda's own bounds
    append_window_seconds: int = setting(whole(0, 300), 5)
    log_origin: str = setting(_origin, "daybook")
    """The names of logs that begin from now on begin with it. Logs that are there keep theirs."""
    checkpoint_seconds: int = setting(whole(60, 86_400, of=60), 3_600)  # a rule's rate is in minutes
    signing_keys: int = setting(whole(1, 9), 1)
    """How many pairs of keys have been made to sign checkpoints. One more is a rotation."""
    account_concurrency: int = setting(whole(1, 1_000_000), 1_000)
    """How many functions the account may run at a time in this region. The deployment asks Lambda."""
    small_account: bool = setting(yes_or_no, default=False)
    """For an account that may run 10 functions at a time."""
    reserve: bool = setting(yes_or_no, default=False)
    cloud_watch_role: bool = setting(yes_or_no, default=False)
    """Makes the role by which API Gateway writes logs. An account has one in each region, for all of its APIs."""
    budget_dollars: int | None = setting(whole(1, 10_000_000))
    """A month."""

    @classmethod
    def of(cls, node: Node) -> Self:
        """Raises `InvalidSetting`."""
        return cls.from_context(node.get_all_context())

    @classmethod
    def from_context(cls, context: Mapping[str, Any]) -> Self:
        """Raises `InvalidSetting`."""
        read = {}
        for each in fields(cls):
            value = context.get(each.name)
            if value is None:
                continue
            try:
                read[each.name] = each.metadata["kind"](value)
            except ValueError as must_be:
                raise InvalidSetting(f"{each.name} must be {must_be}, not {value!r}") from None
        known = {each.name for each in fields(cls)} | _NOT_SETTINGS
        if unknown := {name for name in context if not re.search("[:@]", name)} - known:
            raise InvalidSetting(f"there is no setting {', '.join(sorted(unknown))}")
        settings = cls(**read)
        for contradiction in settings._contradictions():
            raise InvalidSetting(contradiction)
        return settings

    def _contradictions(self) -> Iterator[str]:
        together = (
            ("domain_name", "certificate_arn"),
            ("oidc_issuer", "oidc_audience"),
            ("events_table", "events_stream_arn"),
        )
        for pair in together:
            given = [name for name in pair if getattr(self, name) is not None]
            if len(given) == 1:
                (other,) = {*pair} - {*given}
                yield f"{given[0]} needs {other}, which is not set"
        if self.oidc_console_client and not self.oidc_issuer:
            yield "oidc_console_client needs oidc_issuer, which is not set"
        for name, pattern in (("certificate_arn", _CERTIFICATE), ("events_stream_arn", _STREAM)):
            arn = pattern.fullmatch(getattr(self, name) or "")
            if arn and self.region not in (None, arn["region"]):
                yield f"{name} is in {arn['region']}, but region is {self.region}"
        stream = _STREAM.fullmatch(self.events_stream_arn or "")
        if stream and stream["table"] != self.events_table:
            yield f"events_stream_arn is the stream of {stream['table']}, but events_table is {self.events_table}"
        if self.small_account and self.reserve:
            yield "reserve needs an account that may run more than 100 functions at a time; small_account is set"

    def recorded(self) -> str:
        """JSON of the settings that differ from the defaults, but of those that the next deployment finds itself.

        These are the stage and the region, which name the deployment, and the role of API Gateway's account.
        """
        found = ("stage", "region", "cloud_watch_role")
        given = {each.name: getattr(self, each.name) for each in fields(self) if each.name not in found}
        defaults = vars(DeploymentSettings())
        return json.dumps({name: value for name, value in given.items() if value != defaults[name]}, sort_keys=True)

    @property
    def metric_namespace(self) -> str:
        return self.named("Daybook", "/")

    def workers(self, many: int) -> int:
        """How many invocations a queue may cause at a time: `many`, or SQS's minimum in a small account."""
        return 2 if self.small_account else many

    def named(self, base: str, separator: str = "-") -> str:
        """The name for this stage: `base` for `live`, else `base` and the stage."""
        return named(base, self.stage, separator)
