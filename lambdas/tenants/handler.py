"""Tenants and keys: the route table's operations, put to what does them."""

import os
from collections.abc import Mapping
from functools import cache

from daybook.aws.clients import deployment_secret, dynamodb
from daybook.aws.control_table.tenants import ControlTable
from daybook.aws.events_table.append import EventTable
from daybook.clock import system_clock
from daybook.crypto.keys import DeploymentKeys
from daybook.environment import Settings
from daybook.http.serve import Operation, answering
from daybook.self_audit.recorder import Recorder, record_by
from tenants.api_keys import KeyOperations
from tenants.tenants import TenantOperations


@cache
def compose() -> Mapping[str, Operation]:
    settings = Settings.from_environment()
    client = dynamodb()
    keys = DeploymentKeys.from_secret(deployment_secret(settings.secret_arn))
    record = record_by(Recorder(EventTable(client, settings.events_table), keys, system_clock, os.urandom))
    control = ControlTable(client, settings.control_table)
    return operations(TenantOperations(control, record, system_clock), KeyOperations(control, record, system_clock))


def operations(tenancy: TenantOperations, issuing: KeyOperations) -> Mapping[str, Operation]:
    return {
        "create_tenant": tenancy.create,
        "list_tenants": tenancy.list,
        "read_tenant": tenancy.read,
        "change_tenant": tenancy.change,
        "create_key": issuing.create,
        "list_keys": issuing.list,
        "revoke_key": issuing.revoke,
    }


handler = answering("tenants", compose)
