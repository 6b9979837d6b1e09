"""What an account lacks for a deployment, said before anything is deployed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from infra.functions import FUNCTIONS, RESERVED
from infra.operate.account import CONCURRENCY, Account
from infra.settings import DeploymentSettings

MIN_UNRESERVED = 100
"""Lambda keeps so much concurrency for functions without a reservation, and refuses a reservation that leaves less."""

USUAL_CONCURRENCY = 1_000
USUAL_STS_CALLS = 600
"""A second, of one account in one region. AWS documents both as the quotas of an account that is not new."""

STAGE_CALLS = 1_000
"""A second: what the stage lets through."""


@dataclass(frozen=True)
class Judgement:
    refusals: list[str] = field(default_factory=list)
    """Why nothing is deployed: AWS would refuse it halfway, or something would be overwritten."""
    advice: list[str] = field(default_factory=list)
    context: Mapping[str, str] = field(default_factory=dict)
    """Settings that follow from the account."""


def judge(account: Account, settings: DeploymentSettings) -> Judgement:
    judgement = Judgement(context={"cloud_watch_role": "true"} if _makes_log_role(account) else {})
    judgement.refusals.extend(_refusals(account, settings))
    judgement.advice.extend(_advice(account, settings))
    return judgement


def _makes_log_role(account: Account) -> bool:
    """Also where the role is ours: without it in the template, CloudFormation would take it out of the stack."""
    return account.log_role is None or account.log_role_is_ours


def _refusals(account: Account, settings: DeploymentSettings) -> Iterator[str]:
    left = account.unreserved + account.reserved_by_us - RESERVED
    if settings.reserve and left < MIN_UNRESERVED:
        yield (
            f"reserve: {max(left, 0):,} of the account's concurrency of {account.concurrency:,} would be left for"
            f" functions without a reservation, and Lambda demands {MIN_UNRESERVED}. Leave `reserve` out, or ask for"
            f" more: {_ask(account.concurrency + MIN_UNRESERVED - left)}"
        )
    if settings.cloud_watch_role and not _makes_log_role(account):
        yield (
            f"cloud_watch_role: API Gateway writes the logs of this region's APIs by {account.log_role}, which the"
            " deployment would replace. Leave the setting out: that role serves Daybook as well."
        )
    if not account.logs_changes and not settings.create_trail:
        yield (
            "create_trail: no trail of CloudTrail records changes in this account and region, so nobody would be told"
            " when somebody opens a table or deletes one. A trail that leaves out a service does not count. Set"
            " `create_trail` to true, or make a trail of your own."
        )


def _advice(account: Account, settings: DeploymentSettings) -> Iterator[str]:
    if account.concurrency < USUAL_CONCURRENCY:
        quota = account.concurrency_quota
        shown = f" (Service Quotas shows {quota:,})" if quota not in (None, account.concurrency) else ""
        yield (
            f"Lambda runs {account.concurrency:,} functions at a time in this region{shown}, for all that the account"
            f" has. Ask for {USUAL_CONCURRENCY:,}: {_ask(USUAL_CONCURRENCY)}"
        )
    background = _background(settings)
    if not settings.small_account and account.concurrency < 2 * background:
        yield (
            f"Work in the background takes up to {background} of them. Set `small_account` to true until there are"
            " more, so that calls find room."
        )
    if settings.small_account and account.concurrency >= USUAL_CONCURRENCY:
        yield "The account has room for the whole deployment: `small_account` is no longer needed."
    if account.api_calls < STAGE_CALLS:
        yield (
            f"API Gateway lets {account.api_calls:,.0f} calls a second through in this region, fewer than the stage's"
            f" {STAGE_CALLS:,}."
        )
    if account.sts_calls is not None and account.sts_calls < USUAL_STS_CALLS:
        yield (
            f"STS answers {account.sts_calls:,} calls a second in this region, fewer than the usual"
            f" {USUAL_STS_CALLS}. AWS raises no such rate. Each function that reads for a tenant asks STS once an hour;"
            " where it is asked too often, reads are answered with 503."
        )
    if account.log_role is None:
        yield "API Gateway has no role for logs in this region: the deployment makes one, which serves all APIs there."


def _background(settings: DeploymentSettings) -> int:
    """The most that queues and the stream may take at a time; the stream per shard."""
    jobs = sum(settings.workers(spec.jobs.max_concurrency) for spec in FUNCTIONS.values() if spec.jobs)
    return jobs + settings.workers(20) + (1 if settings.small_account else 10)


def _ask(concurrency: int) -> str:
    return (
        "aws service-quotas request-service-quota-increase --service-code lambda"
        f" --quota-code {CONCURRENCY} --desired-value {concurrency}"
    )
