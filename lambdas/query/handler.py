"""The reads: translates between the gateway and `operations`."""

import os
from collections.abc import Mapping
from functools import cache
from typing import Any

from daybook.aws.clients import deployment_secret, dynamodb
from daybook.aws.control import ControlTable
from daybook.aws.event_index import EventIndexes
from daybook.aws.events import EventTable
from daybook.aws.identities import IdentityTable
from daybook.clock import system_clock
from daybook.derivation import DeploymentKeys
from daybook.http import Answer, Operation, Request, serve
from daybook.reading.person_keys import PersonKeys
from daybook.reading.search import Search
from daybook.recording import Recorder
from daybook.routes import ROUTES
from daybook.settings import Settings
from query.operations import Reads

_OPERATIONS = [route.operation for route in ROUTES if route.function == "query"]


@cache
def compose() -> Reads:
    settings = Settings.from_environment()
    client = dynamodb()
    keys = DeploymentKeys.from_secret(deployment_secret(settings.secret_arn))
    identities = IdentityTable(client, settings.identities_table)
    events = EventTable(client, settings.events_table)
    person_keys = PersonKeys(identities.read, system_clock)
    return Reads(
        control=ControlTable(client, settings.control_table),
        search=Search(EventIndexes(client, settings.events_table), identities, person_keys, keys, system_clock),
        events=events,
        identities=identities,
        person_keys=person_keys,
        recorder=Recorder(events, keys, system_clock, os.urandom),
        clock=system_clock,
    )


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    return serve(event, context, dict.fromkeys(_OPERATIONS, _operate))


def _operate(request: Request) -> Answer:
    """Composes within the call, so that a deployment that lacks something answers 500 and says so in the log."""
    assert request.route  # noqa: S101  `serve` found the operation by it
    return operations(compose())[request.route.operation](request)


def operations(reads: Reads) -> Mapping[str, Operation]:
    return {
        "search_events": reads.search_events,
        "read_event": reads.read_event,
        "read_catalogue": reads.read_catalogue,
        "read_target": reads.read_target,
        "read_target_time": reads.read_target_time,
        "read_target_attribution": reads.read_target_attribution,
    }
