"""The sample events of `events/`, each through the function that its trigger calls, over moto."""

import base64
import gzip
import importlib
import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from daybook.access import api_keys
from daybook.access.api_keys import IssuedKey, KeyOwner
from daybook.access.roles import OPERATIONS
from daybook.aws.control_table.jobs import JobTable
from daybook.aws.control_table.tenants import ControlTable
from daybook.aws.credentials_table.issuing import KeyTable
from daybook.aws.wiring import Tables, Wiring
from daybook.clock import DAY, SECOND, system_clock
from daybook.http.routes import BY_RESOURCE, ROUTES
from daybook.ids import occurred_ms
from daybook.jobs.job import Job, Status
from daybook.ledger.logs import LogKey
from daybook.ledger.notes import open_note, parse_key
from daybook.tenant import Tenant
from daybook.tenants.limits import READ_UNITS
from infra.functions import FUNCTIONS
from infra.openapi.document import documented_path
from tests.conftest import client_of
from tests.support.calls import Context, answered, authorized
from tests.support.documented import document, documented
from tests.support.ingest import SECRET, settings
from tests.support.ledger import log_of
from tests.support.places import SAMPLES as EVENTS_FOLDER
from tests.support.sealed_log import SealedLog, stored_entries

pytestmark = pytest.mark.parametrize("store", ["moto"], indirect=True)

SAMPLES = {file.stem: json.loads(file.read_text("utf-8")) for file in EVENTS_FOLDER.glob("*.json")}
PROXY = {name: event for name, event in SAMPLES.items() if name != "authorize" and "httpMethod" in event}
OF_OPERATIONS = {
    name
    for name, event in PROXY.items()
    if (route := BY_RESOURCE.get((event["httpMethod"], event["resource"]))) and OPERATIONS in route.roles
}
COMPOSED = (
    "authorize",
    "export",
    "exports",
    "forget",
    "ingest",
    "ledger",
    "ledger_sweep",
    "query",
    "restamp",
    "manage",
    "streams",
    "sweep",
    "tenants",
)

# What stands in every proxy event, sent or not ("Input format of a Lambda function for proxy integration").
FIELDS = {
    *("resource", "path", "httpMethod", "headers", "multiValueHeaders", "queryStringParameters", "body"),
    *("multiValueQueryStringParameters", "pathParameters", "stageVariables", "requestContext", "isBase64Encoded"),
}


@pytest.fixture
def control(
    dynamodb: Any, tables: Tables, aws: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> Iterator[ControlTable]:
    """The functions, composed from their environment as Lambda composes them."""
    secret = aws("secretsmanager").create_secret(Name="daybook", SecretString=SECRET.hex())
    for name in ("events", "identities", "control", "credentials", "ledger", "limits"):
        monkeypatch.setenv(f"{name.upper()}_TABLE", getattr(tables, name))
    monkeypatch.setenv("SECRET_ARN", secret["ARN"])
    monkeypatch.setenv("REPLAY_QUEUE_URL", aws("sqs").create_queue(QueueName="replay")["QueueUrl"])
    fifo = aws("sqs").create_queue(QueueName="exports.fifo", Attributes={"FifoQueue": "true"})
    monkeypatch.setenv("EXPORT_QUEUE", fifo["QueueUrl"])
    aws("s3").create_bucket(Bucket="exports")
    monkeypatch.setenv("EXPORT_BUCKET", "exports")
    monkeypatch.setenv("DOWNLOAD_ROLE_ARN", "arn:aws:iam::123456789012:role/downloads")
    monkeypatch.setenv("READER_ROLE_ARN", "arn:aws:iam::123456789012:role/reader")
    monkeypatch.setenv("RESTAMP_QUEUE_URL", aws("sqs").create_queue(QueueName="restamps")["QueueUrl"])
    monkeypatch.setenv("LOG_ORIGIN", "daybook")
    monkeypatch.setenv("LEDGER_SWEEP_QUEUE_URL", aws("sqs").create_queue(QueueName="ledger-sweeps")["QueueUrl"])
    monkeypatch.setenv("SWEEP_QUEUE_URL", aws("sqs").create_queue(QueueName="sweeps")["QueueUrl"])
    monkeypatch.setenv("SIGN_QUEUE_URL", aws("sqs").create_queue(QueueName="signs")["QueueUrl"])
    composed = [importlib.import_module(FUNCTIONS[function].module).compose for function in COMPOSED]
    for compose in composed:
        compose.cache_clear()
    yield ControlTable(dynamodb, tables.control)
    for compose in composed:
        compose.cache_clear()


@pytest.fixture
def tenant(control: ControlTable, dynamodb: Any, tables: Tables) -> None:
    """Enate's profile keeps for ever, so that the samples' times are as good in any year. The samples hold the code
    that the tenant has here.
    """
    meridian = settings("enate", tenant=Tenant("meridian"), name="Meridian Services plc", retention_days=None)
    control.create_tenant(meridian)
    for name in ("producer", "auditor"):
        key = _key_in(_sent_by(name))
        assert key
        issued = IssuedKey(key.id, "meridian", name, "*", f"the {name}", "2022-04-12T09:00:00.000Z")
        owner = KeyOwner(control.settings(Tenant(issued.tenant)).code, issued.tenant)
        KeyTable(dynamodb, tables.credentials, tables.control).put_key(owner, key, issued)


@pytest.fixture
def log(tenant: None) -> None:  # noqa: ARG001  the log is the tenant's
    for name in ("send_event", "send_batch", "send_gzip"):
        assert _invoke(name)["statusCode"] == 201


def _sent_by(role: str) -> dict[str, Any]:
    return next(event for event in PROXY.values() if event["requestContext"].get("authorizer", {}).get("role") == role)


def _key_in(event: dict[str, Any]) -> api_keys.Key | None:
    return api_keys.parse(event["headers"]["Authorization"].removeprefix("Bearer "))


def _invoke(name: str) -> dict[str, Any]:
    event = SAMPLES[name]
    route = BY_RESOURCE.get((event["httpMethod"], event["resource"]))
    function = "authorize" if name == "authorize" else route.function if route else "public"
    answer: dict[str, Any] = importlib.import_module(FUNCTIONS[function].module).handler(event, Context())
    return answer if name == "authorize" else documented(event, answer)


def _answer(name: str, status: int = 200) -> Any:
    answer = _invoke(name)
    assert answer["statusCode"] == status, answer["body"]
    return answered(answer)


@pytest.mark.usefixtures("store")
def test_every_trigger_has_a_sample() -> None:
    """Each route one at least, and what no route answers."""
    sampled = {(event["httpMethod"], event["resource"]) for event in PROXY.values()}
    assert sampled >= {(route.method, route.path) for route in ROUTES}
    assert sampled - set(BY_RESOURCE) == {("GET", "/{proxy+}"), ("PUT", "/v1/events")}


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("name", sorted(PROXY))
def test_a_sample_is_what_the_gateway_sends(name: str) -> None:
    """All fields, bodies in base64, single values the last of the many, the authorizer's strings where one is asked."""
    event = PROXY[name]
    assert set(event) == FIELDS
    assert event["isBase64Encoded"] == (event["body"] is not None)
    assert event["body"] is None or base64.b64decode(event["body"], validate=True)
    for one, many in (
        ("headers", "multiValueHeaders"),
        ("queryStringParameters", "multiValueQueryStringParameters"),
    ):
        assert event[one] == (event[many] and {key: values[-1] for key, values in event[many].items()})
    context, route = event["requestContext"], BY_RESOURCE.get((event["httpMethod"], event["resource"]))
    assert context["path"] == f"/{context['stage']}{event['path']}"
    assert (context["resourcePath"], context["httpMethod"]) == (event["resource"], event["httpMethod"])
    parameters = re.findall(r"\{(\w+)\+?\}", event["resource"])
    assert sorted(parameters) == sorted(event["pathParameters"] or {})
    authorizer = context.get("authorizer", {})
    assert bool(authorizer) == bool(route and route.roles)
    if authorizer:
        assert route
        assert authorizer["role"] in route.roles
        key = _key_in(event)
        assert key
        assert key.id == authorizer["credential"] == authorizer["principalId"]


@pytest.mark.usefixtures("tenant")
def test_authorize() -> None:
    """The auditor's key opens the routes of an auditor."""
    answer = _invoke("authorize")
    assert answer["context"]["tenant"] == "meridian"
    assert answer["context"]["role"] == "auditor"
    assert SAMPLES["authorize"]["methodArn"] in answer["policyDocument"]["Statement"][0]["Resource"]


@pytest.mark.usefixtures("log")
def test_sending() -> None:
    """One, three, and two packed of which one was there already: five in all, and again the same."""
    one, three, packed = (_answer(name, 201) for name in ("send_event", "send_batch", "send_gzip"))
    assert [answer["stored"] for answer in (one, three, packed)] == [1, 3, 2]
    assert packed["results"][1]["id"] == one["results"][0]["id"]
    assert packed["results"][1]["leaf"] == one["results"][0]["leaf"]
    assert _answer("read_event")["id"] == one["results"][0]["id"]


@pytest.mark.usefixtures("log")
def test_searching() -> None:
    """John Doe's opening and closing, in Enate's view and London's summer time."""
    answer = _answer("search_events")
    shown = [(event["Timestamp"], event["Activity"], event["User"]) for event in answer["events"]]
    assert shown == [
        ("2022/04/12 14:39:00 BST", "work-item.opened", "john.doe"),
        ("2022/04/12 14:50:00 BST", "work-item.closed", "john.doe"),
    ]
    assert answer["next_cursor"] is None


@pytest.mark.usefixtures("log")
def test_reading_one() -> None:
    """As it was sent, completed."""
    event = _answer("read_event")
    assert event["client_id"] == "wm-551-1"
    assert event["actor"]["name"] == "John Doe"
    assert event["context"]["ip"] == "203.0.113.24"
    assert event["category"] == "Time Tracking"


@pytest.mark.usefixtures("log")
def test_a_log_and_a_proof(control: ControlTable, dynamodb: Any, tables: Tables) -> None:
    """The log of the samples' events is listed; its head and entries are served, and the first event is proved."""
    assert _answer("read_proof", 404)["code"] == "not_sealed_yet"
    wiring = Wiring(dynamodb, tables, lambda: SECRET)
    key = LogKey(control.settings(Tenant("meridian")).environment_key("prod"), "all")
    sealed = SealedLog(wiring, key, log=replace(log_of(key), name=SAMPLES["read_tile"]["pathParameters"]["log"]))
    sealed.append(stored_entries(dynamodb, tables, key))
    sealed.sign()
    (listed,) = _answer("list_logs")["logs"]
    assert (listed["name"], listed["size"]) == (sealed.log.name, 5)
    assert open_note(_invoke("read_checkpoint")["body"], [parse_key(line) for line in listed["key"]])
    bundle = gzip.decompress(base64.b64decode(_invoke("read_tile")["body"]))
    assert bundle == b"".join(b"\x00\x4b" + entry for entry in sealed.entries[:4])
    proved = _answer("read_proof")
    assert proved["event_id"] == _answer("read_event")["id"]
    assert sealed.entries[proved["index"]] == base64.b64decode(proved["entry"])


@pytest.mark.usefixtures("log")
def test_reading_a_target() -> None:
    """Its last update, with what lies within it; the time spent on it, as adjusted; who deleted the Defect."""
    summary = _answer("read_target")
    assert (summary["events"], summary["last_updated"]) == (5, "2022-04-13T09:12:40.000Z")
    time = _answer("read_target_time")
    assert [session["seconds"] for session in time["sessions"]] == [660]
    assert time["total_seconds"] == 600
    assert _answer("read_target_attribution")["conclusion"]["username"] == "john.doe"


@pytest.mark.usefixtures("log")
def test_a_feed_and_alerts_before_anything_was_appended() -> None:
    """Both are empty, and not an error."""
    assert _answer("read_feed") == {"events": [], "log": None, "next": 0, "size": 0}
    assert _answer("list_alerts") == {"alerts": [], "next_cursor": None}


@pytest.mark.usefixtures("tenant")
def test_the_catalogue() -> None:
    """Enate's, which the sender's key has learnt."""
    assert _answer("read_me")["profile"] == "enate"
    assert _answer("read_catalogue")["profile"] == "enate"


@pytest.mark.usefixtures("log")
def test_people_and_their_groups() -> None:
    """John Doe is found by two letters; a group is made, read, listed, and removed."""
    (john,) = _answer("list_actors")["actors"]
    assert (john["username"], john["name"]) == ("john.doe", "John Doe")
    assert _answer("put_group") == {"name": "Invoice team", "members": ["john.doe", "maya.lindqvist"]}
    assert _answer("read_group") == _answer("put_group")
    assert _answer("list_groups") == {"groups": [{"name": "Invoice team"}]}
    assert _invoke("remove_group")["statusCode"] == 204
    assert _answer("read_group", 404)["code"] == "not_found"


@pytest.mark.usefixtures("log")
def test_saved_views() -> None:
    """A view is saved, read, listed and removed."""
    view = _answer("put_view")
    assert view["query"] == "status=failure&actor=john.doe&range=7d"
    assert _answer("read_view") == view
    assert _answer("list_views") == {"views": [view]}
    assert _invoke("remove_view")["statusCode"] == 204
    assert _answer("read_view", 404)["code"] == "not_found"


@pytest.mark.usefixtures("log")
def test_refused_events_before_any_was() -> None:
    """Nothing, and no error."""
    report = _answer("list_refused")
    assert (report["counts"], report["events"]) == ([], [])


@pytest.mark.usefixtures("log")
def test_forgetting() -> None:
    """John Doe, who is found by name no more; a second time there is nobody to forget."""
    (john,) = _answer("list_actors")["actors"]
    (person,) = _answer("forget_person")["forgotten"]
    assert person["actor_id"] == john["id"]
    assert _answer("list_actors")["actors"] == []
    assert _answer("read_event")["actor"]["username"] == john["id"]
    assert _answer("forget_person", 404)["code"] == "not_found"
    importlib.import_module(FUNCTIONS["sweep"].module).handler(SAMPLES["sweep"], Context(180))


@pytest.mark.usefixtures("tenant")
def test_the_tenants_own_catalogue() -> None:
    """An activity is added and taken back, and the mode set."""
    put = _answer("put_activity")
    assert put in _answer("read_catalogue")["activities"]
    assert _invoke("take_back_activity")["statusCode"] == 204
    assert _answer("take_back_activity", 404)["code"] == "not_found"
    assert _answer("set_catalogue_mode") == {"mode": "strict"}
    assert _answer("read_catalogue")["mode"] == "strict"


@pytest.mark.usefixtures("tenant")
def test_the_tenants_stream() -> None:
    """Set up, read, tried, sent again, and removed."""
    assert _answer("read_stream")["status"] == "off"
    made = _answer("set_stream")
    assert (made["format"], made["status"]) == ("cloudevents", "active")
    assert _answer("read_stream") == made
    assert _answer("test_stream")["error"] == "ResourceNotFoundException"
    assert _answer("replay_stream", 202)["kind"] == "replay"
    assert _answer("remove_stream")["status"] == "off"


@pytest.mark.usefixtures("control")
def test_tenants() -> None:
    """Made once, listed, read, and changed."""
    assert _answer("create_tenant", 201)["tenant"] == "meridian"
    assert _answer("create_tenant", 409)["code"] == "tenant_taken"
    assert _answer("change_tenant")["environments"] == ["prod", "test"]
    assert [tenant["name"] for tenant in _answer("list_tenants")["tenants"]] == ["Meridian Services plc"]
    assert _answer("read_tenant")["audit_since"] is None


@pytest.mark.usefixtures("log")
def test_exports(dynamodb: Any, tables: Tables) -> None:
    """John Doe's last 30 days are asked for, written by the worker whom the queue wakes, shown and listed.

    What the worker reads counts for the tenant.
    """
    asked = _answer("create_export", 202)
    (message,) = client_of("sqs").receive_message(QueueUrl=os.environ["EXPORT_QUEUE"])["Messages"]
    (record,) = SAMPLES["export"]["Records"]
    assert set(json.loads(record["body"])) == set(json.loads(message["Body"]))
    worker = importlib.import_module(FUNCTIONS["export"].module)
    asked_units = _read_units(dynamodb, tables)
    worker.handler({"Records": [{**record, "body": message["Body"]}]}, Context(900))
    assert _read_units(dynamodb, tables) > asked_units
    (listed,) = _answer("list_exports")["exports"]
    assert (listed["id"], listed["status"]) == (asked["id"], "succeeded")
    assert [job["id"] for job in _answer("list_jobs")["jobs"]] == [asked["id"]]
    # The samples' own ids are nobody's: of an export, and of a job that was forgotten.
    for name in ("read_export", "cancel_export", "read_job"):
        assert _answer(name, 404)["code"] == "not_found"
    worker.handler(SAMPLES["export"], Context(900))


def _read_units(dynamodb: Any, tables: Tables) -> int:
    """Of all tenants and minutes."""
    rows = dynamodb.scan(TableName=tables.limits)["Items"]
    return sum(int(row["amount"]["N"]) for row in rows if row["sk"]["S"].startswith(READ_UNITS.limit))


@pytest.mark.usefixtures("log")
def test_retention_and_legal_hold(dynamodb: Any, tables: Tables) -> None:
    """A year instead of for ever, held, and let go; the sample's job then stamps what is stored with the year."""
    job = _answer("set_retention")["job"]
    assert (_answer("read_retention")["days"], _answer("read_retention")["job"]) == (365, job)
    assert _answer("set_hold")["reason"] == _answer("read_hold")["reason"]
    assert _invoke("lift_hold")["statusCode"] == 204
    assert _answer("read_hold")["active"] is False
    (record,) = SAMPLES["restamp"]["Records"]
    message = json.loads(record["body"])
    asked_ms = occurred_ms(message["job"])
    sample = Job(message["tenant"], message["job"], message["kind"], {"low_ms": 0, "edge_ms": 0}, asked_ms)
    JobTable(dynamodb, tables.control).put(sample)
    importlib.import_module(FUNCTIONS["restamp"].module).handler(SAMPLES["restamp"], Context(900))
    assert JobTable(dynamodb, tables.control).job(sample.key).status is Status.SUCCEEDED
    old = [item for item in dynamodb.scan(TableName=tables.events)["Items"] if occurred_ms(item["sk"]["S"]) < asked_ms]
    assert len(old) == 5
    for item in old:
        assert 0 < int(item["expires_at"]["N"]) * SECOND - system_clock() <= 2 * DAY, "never in the past"


@pytest.mark.usefixtures("log")
def test_a_nights_sweeps(dynamodb: Any, tables: Tables) -> None:
    """The schedule asks for one of each tenant; the sample's job reads what the tenant stored in its last two days."""
    handler, jobs = (
        importlib.import_module(FUNCTIONS["ledger_sweep"].module).handler,
        JobTable(dynamodb, tables.control),
    )
    (record,) = SAMPLES["ledger_sweep"]["Records"]
    message = json.loads(record["body"])
    assert handler(SAMPLES["ledger_sweep_start"], Context(900)) is None
    assert len(jobs.jobs(message["tenant"], message["kind"])) == 1
    sample = Job(message["tenant"], message["job"], message["kind"], {}, occurred_ms(message["job"]))
    jobs.put(sample)
    assert handler(SAMPLES["ledger_sweep"], Context(900)) == {"batchItemFailures": []}
    assert (jobs.job(sample.key).status, jobs.job(sample.key).processed) == (Status.SUCCEEDED, 4)


@pytest.mark.usefixtures("tenant")
def test_keys() -> None:
    """Made, rotated, listed without their secrets, and revoked."""
    made, rotated = _answer("create_key", 201), _answer("rotate_key", 201)
    listed = _answer("list_keys")["keys"]
    assert {key["key_id"] for key in listed} == {made["key_id"], rotated["key_id"], "sampleproducer", "sampleauditor"}
    assert made["key"] not in json.dumps(listed)
    assert [key["key_id"] for key in listed if key["valid_until"]] == ["sampleproducer"]
    assert _invoke("revoke_key")["statusCode"] == 204
    assert "sampleproducer" not in {key["key_id"] for key in _answer("list_keys")["keys"]}


@pytest.mark.usefixtures("control")
def test_operators_keys() -> None:
    """Made and listed; the sample's own is nobody's here."""
    made = _answer("create_operators_key", 201)
    assert [key["key_id"] for key in _answer("list_operators_keys")["keys"]] == [made["key_id"]]
    assert _answer("revoke_operators_key", 404)["code"] == "not_found"


@pytest.mark.usefixtures("tenant")
@pytest.mark.parametrize("name", sorted(OF_OPERATIONS))
def test_operations_name_a_tenant_where_the_document_says_so(name: str) -> None:
    """In the header; no other route asks for it."""
    event = PROXY[name]
    route = BY_RESOURCE[event["httpMethod"], event["resource"]]
    context = event["requestContext"] | {"authorizer": authorized(OPERATIONS, tenant="")}
    headers = {name: value for name, value in event["headers"].items() if name.lower() != "daybook-tenant"}
    call = event | {"requestContext": context, "headers": headers}
    answer = importlib.import_module(FUNCTIONS[route.function].module).handler(call, Context())
    described = document()["paths"][documented_path(route.path)][route.method.lower()].get("parameters", ())
    in_header = any(each["name"] == "Daybook-Tenant" and "must send" in each["description"] for each in described)
    assert (answer["statusCode"] == 400 and answered(answer)["code"] == "tenant_needed") == in_header


@pytest.mark.usefixtures("store", "console_page")
def test_what_needs_no_credential() -> None:
    """Health, the console's page and files, the API's document, and what there is not."""
    assert _answer("openapi")["openapi"].startswith("3.1.")
    assert _answer("health") == {"status": "ok"}
    page = _invoke("console")
    assert (page["headers"]["Content-Type"], page["headers"]["Content-Encoding"]) == ("text/html; charset=utf-8", "br")
    assert _answer("console_file", 404)["code"] == "not_found"  # a file of another build
    assert _answer("read_console_config")["sign_in"] is None  # no issuer is configured here
    assert _answer("sign_in", 404)["code"] == "not_found"
    assert _answer("unknown_path", 404)["code"] == "not_found"
    refused = _invoke("unknown_method")
    assert (refused["statusCode"], refused["headers"]["Allow"]) == (405, "GET, POST")
