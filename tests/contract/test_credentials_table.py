"""The adapters of the credentials table, and the commands that write it."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from daybook.access.api_keys import IssuedKey, Key, hash_of, new_key
from daybook.aws.calls import Refused
from daybook.aws.control_table.tenants import ControlTable
from daybook.aws.credentials_table.authorizing import CredentialTable
from daybook.aws.credentials_table.issuing import KeyTable
from daybook.aws.wiring import Tables
from daybook.errors import UnknownKey
from daybook.tenant import Tenant
from infra.operate import create_operations_key, drop_revoked_keys
from tests.support.ingest import settings
from tests.support.operate import connected_to

ACME, OTHER = settings(), settings(tenant=Tenant("other"))
KEY = Key("k1", "s" * 32)
ISSUED = IssuedKey("k1", "acme", "producer", "prod", "billing", "2026-11-22T16:31:07.123Z")

pytestmark = pytest.mark.every_store


@dataclass
class Keys:
    dynamodb: Any
    tables: Tables

    @property
    def authorizing(self) -> CredentialTable:
        return CredentialTable(self.dynamodb, self.tables.credentials)

    @property
    def issuing(self) -> KeyTable:
        return KeyTable(self.dynamodb, self.tables.credentials, self.tables.control)

    def rows(self, table: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.dynamodb.scan(TableName=table)["Items"]
        return found


@pytest.fixture
def keys(dynamodb: Any, tables: Tables) -> Keys:
    return Keys(dynamodb, tables)


def test_a_key_is_known_to_the_authorizer_by_its_hash(keys: Keys) -> None:
    """From the next call on, with all that is known of it and nothing of its secret."""
    keys.issuing.put_key(ACME.code, KEY, ISSUED)
    stored = keys.authorizing.credential("k1")
    assert stored is not None
    assert stored.issued == ISSUED
    assert stored.hash == hash_of(KEY.secret)
    assert keys.authorizing.credential("k2") is None


def test_the_hash_is_in_the_credentials_table_alone_and_the_secret_in_none(keys: Keys) -> None:
    """The control table has the key for the tenant's list only."""
    key = new_key()
    keys.issuing.put_key(ACME.code, key, replace(ISSUED, id=key.id))
    listed, known = keys.rows(keys.tables.control), keys.rows(keys.tables.credentials)
    assert key.secret not in repr([listed, known])
    assert ["hash" in row for row in (*listed, *known)] == [False, True]


def test_an_id_is_not_given_twice(keys: Keys) -> None:
    """Another tenant's key is never overwritten, and the second tenant's list does not get it."""
    keys.issuing.put_key(ACME.code, KEY, ISSUED)
    with pytest.raises(Refused):
        keys.issuing.put_key(OTHER.code, Key("k1", "t" * 32), replace(ISSUED, tenant="other"))
    stored = keys.authorizing.credential("k1")
    assert stored is not None
    assert stored.issued == ISSUED
    assert keys.issuing.keys_of(OTHER) == []


def test_keys_are_listed_oldest_first_and_by_tenant(keys: Keys) -> None:
    """Tenants whose names begin alike share nothing."""
    newer = replace(ISSUED, id="a", created_at="2026-11-23T00:00:00.000Z")
    foreign = replace(ISSUED, id="b", tenant="acme-2")
    alike = settings(tenant=Tenant("acme-2"))
    for whose, issued in ((ACME, newer), (ACME, ISSUED), (alike, foreign)):
        keys.issuing.put_key(whose.code, Key(issued.id, "s" * 32), issued)
    assert keys.issuing.keys_of(ACME) == [ISSUED, newer]
    assert keys.issuing.keys_of(alike) == [foreign]
    assert keys.issuing.key_of(ACME, "k1") == ISSUED
    with pytest.raises(UnknownKey):
        keys.issuing.key_of(ACME, "b")


def test_a_revoked_key_is_gone_at_once(keys: Keys) -> None:
    """From the list and from the authorizer; a second time there is none to revoke."""
    keys.issuing.put_key(ACME.code, KEY, ISSUED)
    keys.issuing.revoke_key(ACME.code, "k1")
    assert keys.authorizing.credential("k1") is None
    assert keys.issuing.keys_of(ACME) == []
    with pytest.raises(UnknownKey):
        keys.issuing.revoke_key(ACME.code, "k1")


def test_nobody_revokes_another_tenants_key(keys: Keys) -> None:
    """It does not exist for them, and goes on working."""
    keys.issuing.put_key(ACME.code, KEY, ISSUED)
    with pytest.raises(UnknownKey):
        keys.issuing.revoke_key(OTHER.code, "k1")
    assert keys.authorizing.credential("k1") is not None


def test_operations_keys_are_read_like_any(keys: Keys) -> None:
    """The command writes the authorizer's row alone; the tenant is empty."""
    create_operations_key.store(keys.dynamodb, keys.tables.credentials, KEY, label="ops")
    stored = keys.authorizing.credential("k1")
    assert stored is not None
    assert (stored.issued.tenant, stored.issued.role) == ("", "operations")


def test_a_restore_revives_no_revoked_key(keys: Keys, capsys: pytest.CaptureFixture[str]) -> None:
    """The command deletes what the tenants' lists no longer have, and names the keys that are in no list."""
    ControlTable(keys.dynamodb, keys.tables.control).create_tenant(ACME)
    keys.issuing.put_key(ACME.code, KEY, ISSUED)
    create_operations_key.store(keys.dynamodb, keys.tables.credentials, Key("o1", "s" * 32), label="ops")
    revoked = replace(ISSUED, id="k2")
    keys.issuing.put_key(ACME.code, Key("k2", "s" * 32), revoked)
    (row,) = [row for row in keys.rows(keys.tables.credentials) if row["pk"] == {"S": "key#k2"}]
    keys.issuing.revoke_key(ACME.code, "k2")
    keys.dynamodb.put_item(TableName=keys.tables.credentials, Item=row)
    for dropped in (1, 0):
        given = ["--credentials", keys.tables.credentials, "--control", keys.tables.control]
        assert drop_revoked_keys.main(given, connect=connected_to(keys.dynamodb)) == 0
        assert keys.authorizing.credential("k2") is None
        assert keys.authorizing.credential("k1") is not None
        printed = capsys.readouterr().out
        assert f"{dropped} revoked" in printed
        assert "In no list: o1 (ops), of operations" in printed
