"""Tenants, their API keys, and the operators' keys. Translates routes to operations."""

from collections.abc import Mapping
from functools import cache

from daybook.aws.wiring import Wiring
from daybook.environment import TenantsSettings
from daybook.http.serve import Operation, answering
from tenants.api_keys import KeyOperations
from tenants.operators_keys import OperatorsKeyOperations
from tenants.tenants import TenantOperations

UNLIMITED = ("list_keys", "rotate_key", "revoke_key")
"""Against a leaked key. Whoever has it may have used up the tenant's limits."""


@cache
def compose() -> Mapping[str, Operation]:
    wiring = Wiring.deployed(TenantsSettings.from_environment())
    all_of_them = operations(wiring)
    return {**wiring.gate.reads(all_of_them), **{name: all_of_them[name] for name in UNLIMITED}}


def operations(wiring: Wiring) -> Mapping[str, Operation]:
    tenants = TenantOperations(wiring.control, wiring.record, wiring.clock, wiring.random_bytes)
    keys = KeyOperations(wiring.control, wiring.issued_keys, wiring.last_uses, wiring.record, wiring.clock)
    operators = OperatorsKeyOperations(wiring.operators_keys, wiring.last_uses)
    return {
        "create_tenant": tenants.create,
        "list_tenants": tenants.list,
        "read_tenant": tenants.read,
        "change_tenant": tenants.change,
        "create_key": keys.create,
        "list_keys": keys.list,
        "revoke_key": keys.revoke,
        "rotate_key": keys.rotate,
        "create_operators_key": operators.create,
        "list_operators_keys": operators.list,
        "revoke_operators_key": operators.revoke,
    }


handler = answering("tenants", compose)
