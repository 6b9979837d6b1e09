"""Reads of one tenant: whose session signs them, and what happens where there is none."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError, ConnectTimeoutError

from daybook.aws import clients
from daybook.aws.sessions import SessionCache
from daybook.aws.tenant_sessions import OfTenants, TenantClient, tenants_sessions
from daybook.aws.wiring import Tables, Wiring
from daybook.clock import MINUTE
from daybook.errors import Throttled
from daybook.tenant import TenantCode
from tests.support.assumed_roles import MemorySts
from tests.support.calls import answered
from tests.support.tenant_log import Reader, TenantLog

ROLE = "arn:aws:iam::123456789012:role/reader"
ACME, GLOBEX = TenantCode("ACMEAB"), TenantCode("GL0BEX")


@pytest.fixture
def sts() -> MemorySts:
    return MemorySts()


@pytest.fixture
def sessions(sts: MemorySts) -> SessionCache[TenantCode]:
    return tenants_sessions(sts, ROLE, lambda: sts.now)


def failed(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, "AnyCall")


def test_a_session_has_the_tenant_as_its_tag_and_in_its_name(
    sts: MemorySts, sessions: SessionCache[TenantCode]
) -> None:
    """For as long as AWS allows. CloudTrail shows the name beside each read."""
    assert sessions.credentials(ACME).token == "token-ACMEAB-1"
    assert sts.asked == [
        {
            "RoleArn": ROLE,
            "RoleSessionName": "tenant-ACMEAB",
            "DurationSeconds": 3_600,
            "Tags": [{"Key": "tenant", "Value": "ACMEAB"}],
        }
    ]


class Answered(AWSResponse):  # type: ignore[misc]  # botocore carries no types
    def __init__(self, content: bytes) -> None:
        super().__init__("https://aws.example", 200, {}, None)
        self._content = content


ANSWERS = {
    "Query": b'{"Items": [], "Count": 0, "ScannedCount": 0}',
    "BatchGetItem": b'{"Responses": {}}',
    "BatchExecuteStatement": b'{"Responses": []}',
}


def test_reads_are_signed_with_the_tenants_session_and_inserts_with_the_functions_own(
    sessions: SessionCache[TenantCode], monkeypatch: pytest.MonkeyPatch
) -> None:
    """400 calls for two tenants on 8 threads, through one client: no credentials mix."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    client = clients.dynamodb_for_sessions()
    seen: Counter[tuple[str, str, str]] = Counter()

    def answer(request: Any, **_: Any) -> Answered:
        operation = request.headers["X-Amz-Target"].decode().rpartition(".")[2]
        key = request.headers["Authorization"].decode().partition("Credential=")[2].partition("/")[0]
        seen[operation, request.headers["X-Amz-Security-Token"].decode(), key] += 1
        return Answered(ANSWERS[operation])

    client.meta.events.register("before-send.dynamodb", answer)
    of_tenants = [TenantClient(client, sessions, tenant) for tenant in (ACME, GLOBEX)]
    for of_tenant in of_tenants:
        of_tenant.query(TableName="t")  # the sessions are made here, so that their numbers are known
    with ThreadPoolExecutor(8) as threads:
        calls: list[Any] = []
        for of_tenant in of_tenants:
            calls += [partial(of_tenant.query, TableName="t"), partial(of_tenant.batch_get_item, RequestItems={})]
        calls.append(partial(of_tenants[0].batch_execute_statement, Statements=[]))
        list(threads.map(lambda each: each(), calls * 80))
    own = clients.dynamodb()._request_signer._credentials.access_key  # noqa: SLF001  moto's, or the environment's
    reads = [
        (operation, f"token-{session}", f"key-{session}")
        for operation in ("Query", "BatchGetItem")
        for session in (f"{ACME}-1", f"{GLOBEX}-2")
    ]
    assert set(seen) == {("BatchExecuteStatement", "testing", own), *reads}
    assert seen.total() == 402


@pytest.mark.parametrize(
    "refusal", [failed("Throttling"), failed("AccessDenied"), ConnectTimeoutError(endpoint_url="x")]
)
def test_without_a_session_the_call_may_be_tried_again(
    sts: MemorySts, sessions: SessionCache[TenantCode], refusal: Exception
) -> None:
    """Also where STS denies it. The caller's call is right; operators have to mend the role, and the log says so."""
    sts.refusal = refusal
    with pytest.raises(Throttled):
        TenantClient(None, sessions, ACME)._read(dict, {})  # noqa: SLF001  no call is made
    sts.refusal = None
    assert TenantClient(None, sessions, ACME)._read(dict, {"a": 1}) == {"a": 1}  # noqa: SLF001


def test_while_sts_does_not_answer_a_session_is_used_until_it_ends(
    sts: MemorySts, sessions: SessionCache[TenantCode]
) -> None:
    """It is asked again every half minute, not at each call."""
    first = sessions.credentials(ACME)
    sts.refusal = failed("ServiceUnavailable")
    sts.now = 56 * MINUTE
    assert sessions.credentials(ACME) is sessions.credentials(ACME) is first
    assert len(sts.asked) == 2
    sts.now = 57 * MINUTE
    assert sessions.credentials(ACME) is first
    assert len(sts.asked) == 3
    sts.now = 60 * MINUTE
    with pytest.raises(Throttled):
        sessions.credentials(ACME)


@pytest.mark.parametrize(
    ("code", "raised"),
    [
        ("ExpiredTokenException", Throttled),
        ("AccessDeniedException", ClientError),
        ("ValidationException", ClientError),
    ],
)
def test_a_session_that_dynamodb_refuses_is_not_used_again(
    sts: MemorySts, sessions: SessionCache[TenantCode], code: str, raised: type[Exception]
) -> None:
    """Operators may have revoked it, and its successor may be good. Another error says nothing about the session."""

    def refuse() -> None:
        raise failed(code)

    with pytest.raises(raised):
        TenantClient(None, sessions, ACME)._read(refuse, {})  # noqa: SLF001
    sessions.credentials(ACME)
    assert len(sts.asked) == (1 if code == "ValidationException" else 2)


def test_what_is_kept_of_a_tenant_goes_when_others_were_used_since() -> None:
    made: list[TenantCode] = []
    kept = OfTenants(lambda tenant: made.append(tenant) or tenant, most=2)  # type: ignore[func-returns-value]
    for tenant in (ACME, GLOBEX, ACME, TenantCode("1N1TEC"), ACME, GLOBEX):
        assert kept(tenant) == tenant
    assert made == [ACME, GLOBEX, "1N1TEC", GLOBEX]


@pytest.mark.parametrize("store", ["memory"], indirect=True)
def test_a_read_without_a_session_answers_503(dynamodb: Any, tables: Tables, sts: MemorySts) -> None:
    """With a time to try again, and nothing about the cause."""
    log = TenantLog(dynamodb, tables)
    sts.refusal = failed("AccessDenied")
    wiring = Wiring(
        *(log.wiring.client, tables, log.wiring.secret, log.clock),
        client_of=partial(TenantClient, dynamodb, tenants_sessions(sts, ROLE, log.clock)),
    )
    read = Reader(wiring)
    answer = read()
    assert (answer["statusCode"], answer["headers"]["Retry-After"], answered(answer)["code"]) == (503, "1", "throttled")
    assert "AccessDenied" not in answer["body"]
    sts.refusal = None
    assert read()["statusCode"] == 200
    assert {asked["Tags"][0]["Value"] for asked in sts.asked} == {log.settings.code}
