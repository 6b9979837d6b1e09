"""Tenants and keys: the route table's operations, put to what does them."""

import os
from collections.abc import Mapping
from functools import cache
from typing import Any

from daybook.aws.clients import deployment_secret, dynamodb
from daybook.aws.control import ControlTable
from daybook.aws.events import EventTable
from daybook.clock import system_clock
from daybook.derivation import DeploymentKeys
from daybook.http import Answer, Operation, Request, serve
from daybook.recording import Recorder
from daybook.routes import ROUTES
from daybook.settings import Settings
from tenants.issuing import Issuing
from tenants.record import record_by
from tenants.tenancy import Tenancy

_OPERATIONS = [route.operation for route in ROUTES if route.function == "tenants"]


@cache
def compose() -> Mapping[str, Operation]:
    settings = Settings.from_environment()
    client = dynamodb()
    keys = DeploymentKeys.from_secret(deployment_secret(settings.secret_arn))
    record = record_by(Recorder(EventTable(client, settings.events_table), keys, system_clock, os.urandom))
    control = ControlTable(client, settings.control_table)
    return operations(Tenancy(control, record, system_clock), Issuing(control, record, system_clock))


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    return serve(event, context, dict.fromkeys(_OPERATIONS, _operate))


def _operate(request: Request) -> Answer:
    """Composes within the call, so that a deployment that lacks something answers 500 and says so in the log."""
    assert request.route  # noqa: S101  `serve` found the operation by it
    return compose()[request.route.operation](request)


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
