"""Tenants and keys: the route table's operations, put to what does them."""

from collections.abc import Mapping

from daybook.http import Operation
from tenants.issuing import Issuing
from tenants.tenancy import Tenancy


def operations(tenancy: Tenancy, issuing: Issuing) -> Mapping[str, Operation]:
    return {
        "create_tenant": tenancy.create,
        "list_tenants": tenancy.list,
        "read_tenant": tenancy.read,
        "change_tenant": tenancy.change,
        "create_key": issuing.create,
        "list_keys": issuing.list,
        "revoke_key": issuing.revoke,
    }
