"""Calls while the tables of settings, keys and counters are throttled, do not answer, or are in another transaction."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from benchmarks.typical import code_for
from daybook.access.api_keys import IssuedKey, Key, KeyOwner
from daybook.aws.batches import Patience
from daybook.aws.control_table.catalogues import CatalogueTable
from daybook.aws.control_table.groups import GroupTable
from daybook.aws.control_table.tenants import ControlTable
from daybook.aws.credentials_table.authorizing import CredentialTable
from daybook.aws.credentials_table.issuing import KeyTable
from daybook.aws.limits_table.failures import FailureTable
from daybook.aws.limits_table.last_uses import LastUseTable
from daybook.aws.wiring import Tables
from daybook.errors import Contended, Throttled
from daybook.tenant import Tenant, environment_key
from tests.support.faulty_clients import FailingClient, failing
from tests.support.ingest import NOW, settings
from tests.support.managed_log import ManagedLog
from tests.support.tenant_log import problem_of

ACME = Tenant("acme")
CODE = code_for("acme")
OWNER = KeyOwner(CODE, ACME)
PROD = environment_key(CODE, 0)
EVERY_CALL = ("get_item", "query", "update_item", "transact_write_items")
ISSUED = IssuedKey("k1", "acme", "producer", "prod", "billing", "2026-11-22T16:31:07.123Z")


class Store:
    """The adapters of those tables over a client. Their waits are counted instead of waited."""

    def __init__(self, client: Any, tables: Tables) -> None:
        self.waits: list[float] = []
        patience = Patience(self.waits.append, lambda: 1.0)
        self.control = ControlTable(client, tables.control, patience)
        self.groups = GroupTable(client, tables.control, lambda: NOW, patience)
        self.catalogues = CatalogueTable(client, tables.control)
        self.keys = KeyTable(client, tables.credentials, tables.control)
        self.credentials = CredentialTable(client, tables.credentials)
        self.failures = FailureTable(client, tables.limits)
        self.uses = LastUseTable(client, tables.limits)


CALLS: dict[str, Callable[[Store], Any]] = {
    "settings": lambda store: store.control.settings(ACME),
    "tenants": lambda store: store.control.tenants(),
    "create": lambda store: store.control.create_tenant(settings(tenant=Tenant("other"))),
    "change": lambda store: store.control.change_tenant(CODE, lambda now: replace(now, name="New")),
    "put key": lambda store: store.keys.put_key(OWNER, Key("k1", "s" * 32), ISSUED),
    "keys": lambda store: store.keys.keys_of(OWNER),
    "key": lambda store: store.keys.key_of(OWNER, "k0"),
    "revoke": lambda store: store.keys.revoke_key(OWNER, "k0"),
    "limit": lambda store: store.keys.limit_key(OWNER, replace(ISSUED, id="k0"), ISSUED.created_at),
    "used": lambda store: store.uses.note_use("k0", 1),
    "credential": lambda store: store.credentials.credential("k0"),
    "failure": lambda store: store.failures.count_failure("203.0.113.7", 1),
    "activities": lambda store: store.catalogues.own_activities(CODE),
    "groups": lambda store: store.groups.names(PROD),
    "group": lambda store: store.groups.group(PROD, "team"),
    "put group": lambda store: store.groups.put(PROD, "team", ()),
    "new group": lambda store: store.groups.put(PROD, "new", ()),
    "remove group": lambda store: store.groups.remove(PROD, "team"),
}


@pytest.fixture
def prepared(dynamodb: Any, tables: Tables) -> Any:
    """A client whose control table holds a tenant with a group and a key."""
    store = Store(dynamodb, tables)
    store.control.create_tenant(settings(tenant=ACME))
    store.groups.put(PROD, "team", ())
    store.keys.put_key(OWNER, Key("k0", "s" * 32), replace(ISSUED, id="k0"))
    return dynamodb


@pytest.mark.parametrize(
    "error",
    [
        failing("ThrottlingException", "X"),
        failing("ProvisionedThroughputExceededException", "X"),
        failing("InternalServerError", "X"),
        failing("TransactionCanceledException", "X", ("None", "ThrottlingError")),
        failing("TransactionCanceledException", "X", ("ProvisionedThroughputExceeded", "None")),
        ReadTimeoutError(endpoint_url="https://dynamodb.example"),
    ],
    ids=["throttled", "provisioned", "internal", "cancelled", "cancelled provisioned", "silent"],
)
@pytest.mark.parametrize("call", CALLS)
def test_a_fault_for_now_is_throttled(prepared: Any, tables: Tables, call: str, error: Exception) -> None:
    """Each call is answered 503 and not 500."""
    operations = ("transact_write_items",) if "Cancel" in str(error) else EVERY_CALL
    client = FailingClient(prepared, operations, itertools.repeat(error))
    try:
        CALLS[call](Store(client, tables))
    except Throttled:
        assert client.calls
    else:
        assert not client.calls, "a call with a fault did not raise"


def test_a_fault_for_good_escapes(prepared: Any, tables: Tables) -> None:
    """Retrying does not help against a missing permission."""
    client = FailingClient(prepared, EVERY_CALL, itertools.repeat(failing("AccessDeniedException", "X")))
    for call in CALLS.values():
        with pytest.raises(ClientError):
            call(Store(client, tables))


@pytest.mark.parametrize("reason", ["TransactionConflict", "ConditionalCheckFailed"])
@pytest.mark.parametrize("call", ["change", "put group", "new group", "remove group"])
def test_another_ones_turn_is_waited_for(prepared: Any, tables: Tables, call: str, reason: str) -> None:
    """Each wait is longer, and there is an end."""
    conflict = failing("TransactionCanceledException", "TransactWriteItems", (reason, "None"))
    store = Store(FailingClient(prepared, ("transact_write_items",), itertools.repeat(conflict, 3)), tables)
    CALLS[call](store)
    assert store.waits == [0.05, 0.1, 0.2]
    store = Store(FailingClient(prepared, ("transact_write_items",), itertools.repeat(conflict)), tables)
    again: dict[str, Callable[[], Any]] = {
        "change": lambda: store.control.change_tenant(CODE, lambda now: replace(now, name="Newer")),
        "remove group": lambda: store.groups.put(PROD, "team", ()),
    }
    with pytest.raises(Contended):
        again.get(call, lambda: CALLS[call](store))()
    assert len(store.waits) == 7


@pytest.mark.every_store
def test_a_throttled_table_is_503(dynamodb: Any, tables: Tables) -> None:
    """The answer says when to try again and does not contain the store's message."""
    log = ManagedLog(dynamodb, tables)
    log.groups._client = FailingClient(  # noqa: SLF001  the wiring makes the client
        dynamodb, EVERY_CALL, itertools.repeat(failing("ThrottlingException", "X"))
    )
    for method, path, given in (("GET", "/v1/groups", {}), ("PUT", "/v1/groups/{name}", {"name": "x"})):
        answer = log.manage(method, path, {"members": []} if method == "PUT" else None, **given)
        assert problem_of(answer) == (503, "throttled")
        assert answer["headers"]["Retry-After"]
