"""The adapters of the credentials table, and the commands that write it."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from daybook.access.api_keys import OPERATORS, IssuedKey, Key, KeyOwner, hash_of, new_key
from daybook.aws.calls import Refused
from daybook.aws.control_table.tenants import ControlTable
from daybook.aws.credentials_table.authorizing import CredentialTable
from daybook.aws.credentials_table.issuing import KeyTable
from daybook.aws.wiring import Tables
from daybook.errors import Contended, KeyReplaced, UnknownKey
from daybook.operators.keys import described
from daybook.tenant import Tenant
from infra.operate import drop_revoked_keys
from tests.support.ingest import settings
from tests.support.operate import connected_to

TENANT = settings()
ACME, OTHER = KeyOwner(TENANT.code, TENANT.tenant), KeyOwner(settings(tenant=Tenant("other")).code, "other")
KEY = Key("k1", "s" * 32)
ISSUED = IssuedKey("k1", "acme", "producer", "prod", "billing", "2026-11-22T16:31:07.123Z")
SOONER, UNTIL = "2026-11-23T16:31:07.123Z", "2026-12-24T00:00:00.000Z"

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
    keys.issuing.put_key(ACME, KEY, ISSUED)
    stored = keys.authorizing.credential("k1")
    assert stored is not None
    assert stored.issued == ISSUED
    assert stored.hash == hash_of(KEY.secret)
    assert keys.authorizing.credential("k2") is None


def test_the_hash_is_in_the_credentials_table_alone_and_the_secret_in_none(keys: Keys) -> None:
    """The control table has the key for the tenant's list only."""
    key = new_key()
    keys.issuing.put_key(ACME, key, replace(ISSUED, id=key.id))
    listed, known = keys.rows(keys.tables.control), keys.rows(keys.tables.credentials)
    assert key.secret not in repr([listed, known])
    assert ["hash" in row for row in (*listed, *known)] == [False, True]


def test_an_id_is_not_given_twice(keys: Keys) -> None:
    """Another tenant's key is never overwritten, and the second tenant's list does not get it."""
    keys.issuing.put_key(ACME, KEY, ISSUED)
    with pytest.raises(Refused):
        keys.issuing.put_key(OTHER, Key("k1", "t" * 32), replace(ISSUED, tenant="other"))
    stored = keys.authorizing.credential("k1")
    assert stored is not None
    assert stored.issued == ISSUED
    assert keys.issuing.keys_of(OTHER) == []


def test_keys_are_listed_oldest_first_and_by_tenant(keys: Keys) -> None:
    """Tenants whose names begin alike share nothing."""
    newer = replace(ISSUED, id="a", created_at="2026-11-23T00:00:00.000Z")
    foreign = replace(ISSUED, id="b", tenant="acme-2")
    alike = KeyOwner(settings(tenant=Tenant("acme-2")).code, "acme-2")
    for whose, issued in ((ACME, newer), (ACME, ISSUED), (alike, foreign)):
        keys.issuing.put_key(whose, Key(issued.id, "s" * 32), issued)
    assert keys.issuing.keys_of(ACME) == [ISSUED, newer]
    assert keys.issuing.keys_of(alike) == [foreign]
    assert keys.issuing.key_of(ACME, "k1") == ISSUED
    with pytest.raises(UnknownKey):
        keys.issuing.key_of(ACME, "b")


def test_a_revoked_key_is_gone_at_once(keys: Keys) -> None:
    """From the list and from the authorizer; a second time there is none to revoke."""
    keys.issuing.put_key(ACME, KEY, ISSUED)
    keys.issuing.revoke_key(ACME, "k1")
    assert keys.authorizing.credential("k1") is None
    assert keys.issuing.keys_of(ACME) == []
    with pytest.raises(UnknownKey):
        keys.issuing.revoke_key(ACME, "k1")


def test_nobody_revokes_another_tenants_key(keys: Keys) -> None:
    """It does not exist for them, and goes on working."""
    keys.issuing.put_key(ACME, KEY, ISSUED)
    with pytest.raises(UnknownKey):
        keys.issuing.revoke_key(OTHER, "k1")
    assert keys.authorizing.credential("k1") is not None


def test_operators_keys_are_like_any_and_in_no_tenants_list(keys: Keys) -> None:
    """Their list is a partition of its own; the authorizer finds no tenant in them."""
    issued = described(KEY, "ops", 0, UNTIL)
    keys.issuing.put_key(OPERATORS, KEY, issued)
    stored = keys.authorizing.credential("k1")
    assert stored is not None
    assert stored.issued == issued
    assert (stored.issued.tenant, stored.issued.role) == ("", "operations")
    assert keys.issuing.keys_of(OPERATORS) == [issued]
    assert keys.issuing.keys_of(ACME) == []


def test_a_keys_end_is_in_both_rows_and_no_ttl(keys: Keys) -> None:
    """The authorizer and the list agree, and what has expired stays in both."""
    ends = replace(ISSUED, valid_until=UNTIL, made_until=UNTIL)
    keys.issuing.put_key(ACME, KEY, ends)
    keys.issuing.limit_key(ACME, ends, SOONER)
    limited = replace(ends, valid_until=SOONER)
    stored = keys.authorizing.credential("k1")
    assert stored is not None
    assert stored.issued == limited
    assert keys.issuing.keys_of(ACME) == [limited]
    rows = [*keys.rows(keys.tables.control), *keys.rows(keys.tables.credentials)]
    assert not any("expires_at" in row for row in rows)


def test_a_rotation_writes_all_or_nothing(keys: Keys) -> None:
    """A key that has been revoked, limited or rotated meanwhile is not rotated, and no new key appears."""
    new, made = Key("k2", "t" * 32), replace(ISSUED, id="k2", created_at="2026-11-23T00:00:00.000Z")
    keys.issuing.put_key(ACME, KEY, ISSUED)
    keys.issuing.limit_key(ACME, ISSUED, SOONER)
    with pytest.raises(Contended):
        keys.issuing.rotate_key(ACME, new, made, ISSUED, UNTIL)
    seen = keys.issuing.key_of(ACME, "k1")
    with pytest.raises(UnknownKey):
        keys.issuing.rotate_key(OTHER, new, made, seen, SOONER)
    assert keys.authorizing.credential("k2") is None
    keys.issuing.rotate_key(ACME, new, made, seen, SOONER)
    assert keys.issuing.keys_of(ACME) == [replace(seen, replaced_by="k2"), made]
    with pytest.raises(KeyReplaced):  # the end stays the same, and would not tell
        keys.issuing.rotate_key(ACME, Key("k3", "u" * 32), replace(made, id="k3"), seen, SOONER)
    assert keys.authorizing.credential("k3") is None
    keys.issuing.revoke_key(ACME, "k1")
    with pytest.raises(UnknownKey):
        keys.issuing.limit_key(ACME, seen, UNTIL)
    assert keys.authorizing.credential("k1") is None, "an end revives no key"


def test_a_restore_revives_no_revoked_key(keys: Keys, capsys: pytest.CaptureFixture[str]) -> None:
    """The command deletes what the lists no longer have, also the operators' own, and sets the ends again that came
    after the restore point. It names the keys that are in no list.
    """
    ControlTable(keys.dynamodb, keys.tables.control).create_tenant(TENANT)
    keys.issuing.put_key(ACME, KEY, ISSUED)
    for owner, name in ((ACME, "k2"), (ACME, "k3"), (OPERATORS, "o1"), (OPERATORS, "o2"), (OTHER, "x1")):
        keys.issuing.put_key(owner, Key(name, "s" * 32), replace(ISSUED, id=name, tenant=owner.tenant))
    before = keys.rows(keys.tables.credentials)
    keys.issuing.revoke_key(ACME, "k2")
    keys.issuing.revoke_key(OPERATORS, "o2")
    keys.issuing.limit_key(ACME, replace(ISSUED, id="k3"), SOONER)
    for row in before:
        keys.dynamodb.put_item(TableName=keys.tables.credentials, Item=row)
    for revoked, limited in ((2, 1), (0, 0)):
        given = ["--credentials", keys.tables.credentials, "--control", keys.tables.control]
        assert drop_revoked_keys.main(given, connect=connected_to(keys.dynamodb)) == 0
        left = {name: keys.authorizing.credential(name) for name in ("k1", "k2", "k3", "o1", "o2", "x1")}
        assert {name: stored and stored.issued.valid_until for name, stored in left.items()} == {
            **dict.fromkeys(left),
            "k3": SOONER,
        }
        assert [name for name, stored in left.items() if stored is None] == ["k2", "o2"]
        printed = capsys.readouterr().out
        assert f"{revoked} revoked" in printed
        assert f"{limited} keys end again" in printed
        assert "In no list: x1 (billing), of tenant other" in printed
