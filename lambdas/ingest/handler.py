"""`POST /v1/events`: translates between the gateway and `ingest`."""

import os
from functools import cache
from typing import Any

from daybook.aws.clients import deployment_secret, dynamodb
from daybook.aws.control import ControlTable
from daybook.aws.events import EventTable
from daybook.aws.identities import IdentityTable
from daybook.body import read_body
from daybook.clock import system_clock
from daybook.decoding import Unreadable, decode_events
from daybook.derivation import DeploymentKeys
from daybook.http import Answer, Request, serve
from daybook.identities import Identities
from daybook.problem import Problem
from daybook.settings import Settings
from ingest.ingest import Ingest, Result


@cache
def compose() -> tuple[Ingest, ControlTable]:
    settings = Settings.from_environment()
    client = dynamodb()
    keys = DeploymentKeys.from_secret(deployment_secret(settings.secret_arn))
    identities = Identities(IdentityTable(client, settings.identities_table), os.urandom)
    events = EventTable(client, settings.events_table)
    return Ingest(events, identities, keys, system_clock, os.urandom), ControlTable(client, settings.control_table)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return serve(event, context, {"send_events": send_events})


def send_events(request: Request) -> Answer:
    ingest, control = compose()
    tenant = request.tenant
    body = read_body(request)
    settings = control.settings(tenant)
    try:
        sent = decode_events(body)
        results = ingest.store(settings, request.caller, sent, request.remaining_seconds)
    except Unreadable as unreadable:
        raise Problem(400, "unreadable", str(unreadable)) from None
    return answer(results)


def answer(results: list[Result]) -> Answer:
    stored = sum(result.status == "stored" for result in results)
    rejected = sum(result.status == "rejected" for result in results)
    content = {
        "stored": stored,
        "rejected": rejected,
        "results": [_result(index, result) for index, result in enumerate(results)],
    }
    if stored + rejected < len(results):
        return Answer(503, content, {"Retry-After": "1"})
    return Answer(201 if not rejected else 207 if stored else 422, content)


def _result(index: int, result: Result) -> dict[str, Any]:
    answered: dict[str, Any] = {"index": index, "status": result.status}
    if result.status == "stored":
        answered |= {"id": result.id, "leaf": (result.leaf or b"").hex()}
    elif result.status == "rejected":
        answered |= {"code": result.code, "errors": [error._asdict() for error in result.errors]}
    return answered
