"""Tenants and their API keys. Translates routes to operations."""

from collections.abc import Mapping
from functools import cache

from daybook.aws.wiring import Wiring
from daybook.environment import TenantsSettings
from daybook.http.serve import Operation, answering
from tenants.api_keys import KeyOperations
from tenants.tenants import TenantOperations


@cache
def compose() -> Mapping[str, Operation]:
    wiring = Wiring.deployed(TenantsSettings.from_environment())
    return wiring.gate.reads(operations(wiring))


def operations(wiring: Wiring) -> Mapping[str, Operation]:
    tenants = TenantOperations(wiring.control, wiring.record, wiring.clock, wiring.random_bytes)
    keys = KeyOperations(wiring.control, wiring.issued_keys, wiring.record, wiring.clock)
    return {
        "create_tenant": tenants.create,
        "list_tenants": tenants.list,
        "read_tenant": tenants.read,
        "change_tenant": tenants.change,
        "create_key": keys.create,
        "list_keys": keys.list,
        "revoke_key": keys.revoke,
    }


handler = answering("tenants", compose)
