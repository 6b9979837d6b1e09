"""What an account has, as far as a deployment depends on it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from infra.operate.aws import Clients

CONCURRENCY = "L-B99A9384"
"""Service Quotas' code of Lambda's "Concurrent executions"."""

_STS_QUOTA = "AssumeRole"

_NO_ANSWER = ("AccessDeniedException", "NoSuchResourceException")


@dataclass(frozen=True)
class Account:
    concurrency: int
    """How many functions may run at a time in this region."""
    unreserved: int
    """What of it no function has reserved."""
    reserved_by_us: int = 0
    """What this deployment's functions have reserved already."""
    concurrency_quota: int | None = None
    """What Service Quotas says. A new account has less than that. None: it says nothing."""
    sts_calls: int | None = None
    """A second. None: Service Quotas does not say."""
    api_calls: float = 10_000
    """A second: API Gateway's limit for all APIs of the region."""
    log_role: str | None = None
    """The role by which API Gateway writes the logs of all APIs of the region."""
    log_role_is_ours: bool = False
    logs_changes: bool = True
    """Whether a trail records changes of this region's resources, other than one that this deployment would delete."""


def look(aws: Clients, region: str, resources: Mapping[str, str]) -> Account:
    """`resources`: what the deployment has already, its CloudFormation type by its name. Raises botocore's errors."""
    limits = aws("lambda").get_account_settings()["AccountLimit"]
    gateway = aws("apigateway").get_account()
    role = gateway.get("cloudwatchRoleArn")
    ours = {name for name, kind in resources.items() if kind == "AWS::IAM::Role"}
    return Account(
        concurrency=limits["ConcurrentExecutions"],
        unreserved=limits["UnreservedConcurrentExecutions"],
        reserved_by_us=_reserved(aws("lambda"), resources),
        concurrency_quota=_concurrency_quota(aws("service-quotas")),
        sts_calls=_sts_calls(aws("service-quotas")),
        api_calls=gateway.get("throttleSettings", {}).get("rateLimit", 10_000),
        log_role=role,
        log_role_is_ours=role is not None and role.rpartition("/")[2] in ours,
        logs_changes=_logs_changes(aws("cloudtrail"), region, resources),
    )


def _reserved(lambda_: Any, resources: Mapping[str, str]) -> int:
    functions = [name for name, kind in resources.items() if kind == "AWS::Lambda::Function"]
    answers = (lambda_.get_function_concurrency(FunctionName=name) for name in functions)
    return sum(answer.get("ReservedConcurrentExecutions", 0) for answer in answers)


def _concurrency_quota(quotas: Any) -> int | None:
    return _known(lambda: int(quotas.get_service_quota(ServiceCode="lambda", QuotaCode=CONCURRENCY)["Quota"]["Value"]))


def _sts_calls(quotas: Any) -> int | None:
    """AWS documents neither a code nor a name of it, so it is the one that is named like the operation."""
    pages = quotas.get_paginator("list_service_quotas").paginate(ServiceCode="sts")
    return _known(
        lambda: next(
            (int(each["Value"]) for page in pages for each in page["Quotas"] if each["QuotaName"] == _STS_QUOTA), None
        )
    )


def _known(ask: Callable[[], int | None]) -> int | None:
    """None where Service Quotas does not know it, or may not be asked."""
    try:
        return ask()
    except ClientError as error:
        if error.response["Error"]["Code"] not in _NO_ANSWER:
            raise
    return None


def _logs_changes(cloudtrail: Any, region: str, resources: Mapping[str, str]) -> bool:
    for trail in cloudtrail.describe_trails(includeShadowTrails=True)["trailList"]:
        is_here = trail.get("IsMultiRegionTrail") or trail.get("HomeRegion") == region
        if resources.get(trail["Name"]) == "AWS::CloudTrail::Trail" or not is_here:
            continue
        arn = trail["TrailARN"]
        if cloudtrail.get_trail_status(Name=arn)["IsLogging"] and _records_writes(cloudtrail, arn):
            return True
    return False


def _records_writes(cloudtrail: Any, arn: str) -> bool:
    """Of all services. A trail that leaves one out may leave out just what the rules on changes wait for."""
    selectors = cloudtrail.get_event_selectors(TrailName=arn)
    basic = any(
        each.get("IncludeManagementEvents")
        and each.get("ReadWriteType") != "ReadOnly"
        and not each.get("ExcludeManagementEventSources")
        for each in selectors.get("EventSelectors", ())
    )
    return basic or any(_selects_writes(each["FieldSelectors"]) for each in selectors.get("AdvancedEventSelectors", ()))


def _selects_writes(fields: list[dict[str, Any]]) -> bool:
    selected = {each["Field"]: {how: to for how, to in each.items() if how != "Field" and to} for each in fields}
    return selected in (
        {"eventCategory": {"Equals": ["Management"]}},
        {"eventCategory": {"Equals": ["Management"]}, "readOnly": {"Equals": ["false"]}},
    )
