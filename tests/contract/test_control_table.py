"""The control table's adapter, on moto and on DynamoDB Local alike."""

import base64
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from benchmarks.typical import KEYS, code_for
from daybook.aws.batches import Patience
from daybook.aws.control_table.tenants import ControlTable
from daybook.aws.wiring import Tables
from daybook.errors import Contended, TenantTaken, UnknownTenant
from daybook.tenant import Tenant
from daybook.tenants.limits import Limits
from daybook.tenants.settings import Layout, TenantSettings

ACME = TenantSettings(
    code=code_for("acme"),
    tenant=Tenant("acme"),
    name="Acme Ünc",
    profile="carear",
    environments=("prod", "test"),
    created_at=1_795_000_000_123,
    audit_since=None,
    retention_days=90,
    layouts=(Layout(0, 1), Layout(1_795_000_600_123, 4)),
)

pytestmark = pytest.mark.every_store


@pytest.fixture
def control(dynamodb: Any, tables: Tables) -> ControlTable:
    return ControlTable(dynamodb, tables.control, Patience(sleep=lambda _: None))


def test_settings_come_back_as_they_were_stored(control: ControlTable) -> None:
    """Types included: layouts, tuples, what is absent."""
    kept = replace(
        ACME, code=code_for("kept"), tenant=Tenant("kept"), audit_since=5, retention_days=None, mode="strict"
    )
    control.create_tenant(ACME)
    control.create_tenant(kept)
    assert control.settings(ACME.tenant) == ACME
    assert control.settings(kept.tenant) == kept
    assert isinstance(control.settings(ACME.tenant).layouts[1], Layout)


def test_limits_cost_a_call_no_read(dynamodb: Any, tables: Tables) -> None:
    """They are those that the last call read. Only the very first call of a tenant reads them by themselves."""
    read = Mock(wraps=dynamodb.get_item)
    here = ControlTable(SimpleNamespace(get_item=read), tables.control)
    elsewhere = ControlTable(dynamodb, tables.control)
    elsewhere.create_tenant(ACME)
    assert here.limits(ACME.tenant) == (ACME.code, Limits())
    assert read.call_count == 1
    elsewhere.change_tenant(ACME.code, lambda now: replace(now, limits=Limits(calls_a_minute=5)))
    for limits in (Limits(), Limits(calls_a_minute=5)):
        read.reset_mock()
        assert here.limits(ACME.tenant) == (ACME.code, limits)
        here.settings(ACME.tenant)  # what the call reads anyway
        assert read.call_count == 1


@pytest.mark.parametrize("tenant", ["nobody", "tenants", "", "a#b", "ACME", "acme ", "x" * 3_000, "\ud800"])
def test_there_is_no_such_tenant(control: ControlTable, tenant: str) -> None:
    """Whatever is asked for: no name is too long or too odd for that answer."""
    control.create_tenant(ACME)
    with pytest.raises(UnknownTenant):
        control.settings(Tenant(tenant))


def test_a_tenant_is_created_once(control: ControlTable) -> None:
    """The second is refused, and the first stands."""
    control.create_tenant(ACME)
    with pytest.raises(TenantTaken):
        control.create_tenant(replace(ACME, name="Another"))
    assert control.settings(ACME.tenant) == ACME
    assert control.tenants() == [ACME]


def test_no_slug_is_reserved(control: ControlTable) -> None:
    """No key begins with a slug, so a tenant may have the name of the list's partition."""
    named = replace(ACME, code=code_for("tenants"), tenant=Tenant("tenants"))
    for each in (ACME, named):
        control.create_tenant(each)
    assert control.settings(named.tenant) == named
    assert control.tenants() == [ACME, named]


def test_a_code_is_given_once(control: ControlTable) -> None:
    """Another tenant with the code is refused, and nothing of it is stored."""
    control.create_tenant(ACME)
    with pytest.raises(Contended):
        control.create_tenant(replace(ACME, tenant=Tenant("another")))
    with pytest.raises(UnknownTenant):
        control.settings(Tenant("another"))
    assert control.settings_of(ACME.code) == ACME
    assert control.tenants() == [ACME]


def test_a_tenant_is_found_by_its_code(control: ControlTable) -> None:
    """The code of nobody is an unknown tenant."""
    control.create_tenant(ACME)
    assert control.settings_of(ACME.code) == ACME
    with pytest.raises(UnknownTenant):
        control.settings_of(code_for("nobody"))


def test_tenants_are_listed_by_their_slug(control: ControlTable) -> None:
    """All of them, and no other row of their partition."""
    slugs = ["zeta", "acme", "acme-2", "0-tenant"]
    for slug in slugs:
        control.create_tenant(replace(ACME, code=code_for(slug), tenant=Tenant(slug)))
    assert [settings.tenant for settings in control.tenants()] == sorted(slugs)


def test_the_list_holds_nobodys_secret(control: ControlTable, dynamodb: Any, tables: Tables) -> None:
    """The tenant's own row alone has it. No keys can be derived from a listed tenant that has one."""
    secret = bytes(range(100, 132))
    owner = replace(ACME, secret=secret)
    control.create_tenant(owner)
    first_read, second_read = (control.settings(ACME.tenant) for _ in range(2))
    assert first_read == second_read == control.settings_of(ACME.code) == owner
    changed = control.change_tenant(ACME.code, lambda now: replace(now, name="New"))
    assert changed.secret == secret
    (listed,) = control.tenants()
    assert listed == replace(changed, secret=b"")
    with pytest.raises(ValueError, match="fewer than 32 bytes"):
        KEYS.of(listed.code, listed.secret)
    spelt = base64.b64encode(secret).decode()
    holding = [row["pk"]["S"] for row in dynamodb.scan(TableName=tables.control)["Items"] if spelt in str(row)]
    assert holding == [ACME.code]


def test_lists_go_on_past_a_page(control: ControlTable) -> None:
    """DynamoDB ends a page at 1 MB."""
    for number in range(5):
        control.create_tenant(
            replace(ACME, code=code_for(f"large-{number}"), tenant=Tenant(f"large-{number}"), name="n" * 250_000)
        )
    assert len(control.tenants()) == 5


def test_a_change_is_in_the_settings_and_in_the_list(control: ControlTable) -> None:
    """Both rows change together."""
    control.create_tenant(ACME)
    changed = control.change_tenant(ACME.code, lambda now: replace(now, name="New"))
    assert changed == replace(ACME, name="New")
    assert control.settings(ACME.tenant) == changed
    assert control.tenants() == [changed]


def test_of_two_changes_at_once_none_is_lost(control: ControlTable) -> None:
    """A change that another one overtook is made again, on what that one left."""
    control.create_tenant(ACME)
    seen: list[TenantSettings] = []

    def slowly(now: TenantSettings) -> TenantSettings:
        seen.append(now)
        if len(seen) == 1:
            control.change_tenant(ACME.code, lambda other: replace(other, audit_since=7))
        return replace(now, name="New")

    assert control.change_tenant(ACME.code, slowly) == replace(ACME, name="New", audit_since=7)
    assert control.settings(ACME.tenant) == replace(ACME, name="New", audit_since=7)
    assert [now.audit_since for now in seen] == [None, 7]


def test_a_change_that_never_gets_its_turn_gives_up(control: ControlTable) -> None:
    """And has changed nothing."""
    control.create_tenant(ACME)

    def overtaken(now: TenantSettings) -> TenantSettings:
        control.change_tenant(ACME.code, lambda other: replace(other, created_at=other.created_at + 1))
        return replace(now, name="New")

    with pytest.raises(Contended):
        control.change_tenant(ACME.code, overtaken)
    assert control.settings(ACME.tenant).name == ACME.name


def test_a_change_of_nothing_writes_nothing(control: ControlTable) -> None:
    """What would not change is answered as it is."""
    control.create_tenant(ACME)
    assert control.change_tenant(ACME.code, lambda now: now) == ACME


def test_a_tenant_that_there_is_not_can_not_be_changed(control: ControlTable) -> None:
    """Changing creates nothing."""
    with pytest.raises(UnknownTenant):
        control.change_tenant(code_for("nobody"), lambda now: now)


def test_what_a_change_raises_escapes(control: ControlTable) -> None:
    """A refusal found on the freshest settings is a refusal."""
    control.create_tenant(ACME)

    def refuse(_: TenantSettings) -> TenantSettings:
        raise ValueError

    with pytest.raises(ValueError):
        control.change_tenant(ACME.code, refuse)
