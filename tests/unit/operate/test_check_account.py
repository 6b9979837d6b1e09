"""What is said of an account before a deployment, and when it is refused."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import botocore.session
import pytest
from botocore.stub import Stubber

from infra.functions import RESERVED
from infra.operate.account import Account, look
from infra.operate.check_account import judge
from infra.settings import DeploymentSettings

USUAL = Account(concurrency=1_000, unreserved=1_000, concurrency_quota=1_000, log_role="arn:aws:iam::1:role/others")
NEW = replace(USUAL, concurrency=10, unreserved=10, log_role=None, logs_changes=False)
DEFAULT = DeploymentSettings()
SMALL = DeploymentSettings(small_account=True, create_trail=True)
RESERVING = DeploymentSettings(reserve=True)


def test_of_a_usual_account_nothing_is_said() -> None:
    judgement = judge(USUAL, DEFAULT)
    assert (judgement.refusals, judgement.advice, judgement.context) == ([], [], {})


def test_a_new_account_is_told_what_to_ask_for() -> None:
    """With the command that asks. It can be deployed to at once, with the settings that are named."""
    refused = judge(NEW, DEFAULT)
    assert [each.partition(":")[0] for each in refused.refusals] == ["create_trail"]
    said = "\n".join(refused.advice)
    assert "Lambda runs 10 functions at a time in this region (Service Quotas shows 1,000)" in said
    assert "--service-code lambda --quota-code L-B99A9384 --desired-value 1000" in said
    assert "Set `small_account` to true" in said
    judgement = judge(NEW, SMALL)
    assert judgement.refusals == []
    assert "small_account" not in "\n".join(judgement.advice)
    assert "small_account" in judge(USUAL, SMALL).advice[0]


@pytest.mark.parametrize(
    ("unreserved", "reserved_by_us", "refused"),
    [
        (RESERVED + 100, 0, False),
        (RESERVED + 99, 0, True),
        (100, RESERVED, False),  # deployed before with the same setting
        (99, RESERVED, True),
        (10, 0, True),
    ],
)
def test_a_reservation_leaves_a_hundred(unreserved: int, reserved_by_us: int, refused: bool) -> None:
    """Lambda refuses it otherwise, in the middle of a deployment."""
    account = replace(USUAL, unreserved=unreserved, reserved_by_us=reserved_by_us)
    assert [each.partition(":")[0] for each in judge(account, RESERVING).refusals] == ["reserve"] * refused
    assert judge(account, DEFAULT).refusals == []


def test_what_to_ask_for_is_enough() -> None:
    """With as much more as is said, the reservation is no longer refused."""
    account = replace(USUAL, concurrency=300, unreserved=250)
    (refusal,) = judge(account, RESERVING).refusals
    asked = int(refusal.rpartition(" ")[2])
    more = asked - account.concurrency
    assert judge(replace(account, concurrency=asked, unreserved=250 + more), RESERVING).refusals == []
    assert judge(replace(account, concurrency=asked - 1, unreserved=249 + more), RESERVING).refusals != []


@pytest.mark.parametrize(
    ("role", "is_ours", "makes"), [(None, False, True), ("arn:ours", True, True), ("arn:others", False, False)]
)
def test_the_gateways_role_is_made_where_there_is_none(role: str | None, is_ours: bool, makes: bool) -> None:
    """It stays in the template afterwards. Another's is never replaced, even if the settings say so."""
    account = replace(USUAL, log_role=role, log_role_is_ours=is_ours)
    assert judge(account, DEFAULT).context == ({"cloud_watch_role": "true"} if makes else {})
    refused = judge(account, DeploymentSettings(cloud_watch_role=True)).refusals
    assert [each.partition(":")[0] for each in refused] == ([] if makes else ["cloud_watch_role"])


def test_low_limits_of_sts_and_of_the_gateway_are_told() -> None:
    """And high ones are not."""
    assert judge(replace(USUAL, sts_calls=600, api_calls=1_000), DEFAULT).advice == []
    sts, gateway = sorted(judge(replace(USUAL, sts_calls=100, api_calls=500), DEFAULT).advice, reverse=True)
    assert sts.startswith("STS answers 100 calls a second in this region, fewer than the usual 600. AWS raises no such")
    assert gateway.startswith("API Gateway lets 500 calls a second through")


TRAIL = {"Name": "changes", "TrailARN": "arn:aws:cloudtrail:eu-central-1:1:trail/changes", "HomeRegion": "eu-central-1"}
BASIC: dict[str, Any] = {"IncludeManagementEvents": True, "ReadWriteType": "WriteOnly"}
WRITES: dict[str, Any] = {"EventSelectors": [BASIC]}
CATEGORY = {"Field": "eventCategory", "Equals": ["Management"]}
WRITE = {"Field": "readOnly", "Equals": ["false"]}


def advanced(field: dict[str, Any]) -> dict[str, Any]:
    return {"AdvancedEventSelectors": [{"FieldSelectors": [CATEGORY, field]}]}


@pytest.fixture
def answered() -> Callable[..., Account]:
    """What `look` makes of AWS's answers. botocore holds each answer against the service's own model."""

    def look_at(
        trail: dict[str, Any] = TRAIL,
        selectors: dict[str, Any] = WRITES,
        *,
        resources: dict[str, str] | None = None,
        sts: list[dict[str, Any]] | None = None,
    ) -> Account:
        session = botocore.session.Session()
        session.set_credentials("any", "any")
        stubs = {
            name: Stubber(session.create_client(name, region_name="eu-central-1"))
            for name in ("lambda", "apigateway", "cloudtrail", "service-quotas")
        }
        limits = {"ConcurrentExecutions": 50, "UnreservedConcurrentExecutions": 30}
        stubs["lambda"].add_response("get_account_settings", {"AccountLimit": limits})
        for name in [name for name, kind in (resources or {}).items() if kind == "AWS::Lambda::Function"]:
            answer = {"ReservedConcurrentExecutions": 20}
            stubs["lambda"].add_response("get_function_concurrency", answer, {"FunctionName": name})
        stubs["apigateway"].add_response(
            "get_account",
            {"cloudwatchRoleArn": "arn:aws:iam::1:role/logs", "throttleSettings": {"rateLimit": 500.0}},
        )
        quotas = stubs["service-quotas"]
        asked = {"ServiceCode": "lambda", "QuotaCode": "L-B99A9384"}
        quotas.add_response("get_service_quota", {"Quota": {"Value": 1_000.0}}, asked)
        if sts is None:
            quotas.add_client_error("list_service_quotas", "NoSuchResourceException")
        else:
            quotas.add_response("list_service_quotas", {"Quotas": sts}, {"ServiceCode": "sts"})
        stubs["cloudtrail"].add_response("describe_trails", {"trailList": [trail]})
        stubs["cloudtrail"].add_response("get_trail_status", {"IsLogging": True}, {"Name": trail["TrailARN"]})
        stubs["cloudtrail"].add_response("get_event_selectors", selectors, {"TrailName": trail["TrailARN"]})
        for stub in stubs.values():
            stub.activate()
        return look(lambda service: stubs[service].client, "eu-central-1", resources or {})

    return look_at


def test_an_account_is_looked_at(answered: Callable[..., Account]) -> None:
    """A quota that Service Quotas does not know is left open."""
    assert answered(resources={"ingest": "AWS::Lambda::Function", "logs": "AWS::IAM::Role"}) == Account(
        concurrency=50,
        unreserved=30,
        reserved_by_us=20,
        concurrency_quota=1_000,
        sts_calls=None,
        api_calls=500.0,
        log_role="arn:aws:iam::1:role/logs",
        log_role_is_ours=True,
        logs_changes=True,
    )
    assert not answered().log_role_is_ours


def test_a_quota_is_not_taken_for_another(answered: Callable[..., Account]) -> None:
    """Of the operations whose names begin alike, one counts."""
    alike = [{"QuotaName": "AssumeRoleWithSAML", "Value": 5.0}, {"QuotaName": "Tags of AssumeRole", "Value": 50.0}]
    assert answered(sts=alike).sts_calls is None
    assert answered(sts=[*alike, {"QuotaName": "AssumeRole", "Value": 100.0}]).sts_calls == 100


@pytest.mark.parametrize(
    ("trail", "selectors", "logs"),
    [
        (TRAIL, WRITES, True),
        (TRAIL | {"HomeRegion": "us-east-1", "IsMultiRegionTrail": True}, WRITES, True),
        (TRAIL | {"HomeRegion": "us-east-1"}, WRITES, False),
        (TRAIL, {"EventSelectors": [{"IncludeManagementEvents": True, "ReadWriteType": "ReadOnly"}]}, False),
        (TRAIL, {"EventSelectors": [{"IncludeManagementEvents": False, "ReadWriteType": "All"}]}, False),
        (TRAIL, {"AdvancedEventSelectors": [{"FieldSelectors": [CATEGORY]}]}, True),
        (TRAIL, advanced({"Field": "readOnly", "Equals": ["true"]}), False),
        (TRAIL, {"AdvancedEventSelectors": [{"FieldSelectors": [{**CATEGORY, "Equals": ["Data"]}]}]}, False),
        (TRAIL, advanced(WRITE), True),
        # It is deaf to something that the rules on changes wait for.
        (TRAIL, {"EventSelectors": [BASIC | {"ExcludeManagementEventSources": ["kms.amazonaws.com"]}]}, False),
        (TRAIL, advanced({"Field": "eventSource", "Equals": ["ec2.amazonaws.com"]}), False),
        (TRAIL, advanced({"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]}), False),
        (TRAIL, advanced({"Field": "readOnly", "NotEquals": ["false"]}), False),
        # Another selector of the same trail makes up for it.
        (TRAIL, {"EventSelectors": [BASIC | {"ExcludeManagementEventSources": ["kms.amazonaws.com"]}, BASIC]}, True),
    ],
)
def test_a_trail_has_to_record_changes_here(
    answered: Callable[..., Account], trail: dict[str, Any], selectors: dict[str, Any], logs: bool
) -> None:
    """Management events that write, of this region and of all services."""
    assert answered(trail, selectors).logs_changes is logs


def test_the_deployments_own_trail_does_not_count(answered: Callable[..., Account]) -> None:
    """Without `create_trail` the deployment would delete it."""
    assert not answered(resources={"changes": "AWS::CloudTrail::Trail"}).logs_changes
