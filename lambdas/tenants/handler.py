"""Tenants and keys: the route table's operations, put to what does them."""

import os
from collections.abc import Mapping
from functools import cache

from daybook.aws.clients import deployment_secret, dynamodb
from daybook.aws.control import ControlTable
from daybook.aws.events import EventTable
from daybook.clock import system_clock
from daybook.derivation import DeploymentKeys
from daybook.http import Operation, answering
from daybook.recording import Recorder, record_by
from daybook.settings import Settings
from tenants.issuing import Issuing
from tenants.tenancy import Tenancy


@cache
def compose() -> Mapping[str, Operation]:
    settings = Settings.from_environment()
    client = dynamodb()
    keys = DeploymentKeys.from_secret(deployment_secret(settings.secret_arn))
    record = record_by(Recorder(EventTable(client, settings.events_table), keys, system_clock, os.urandom))
    control = ControlTable(client, settings.control_table)
    return operations(Tenancy(control, record, system_clock), Issuing(control, record, system_clock))


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


handler = answering("tenants", compose)
