"""`POST /v1/events`: translates between the gateway and `ingest`."""

import gc
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from daybook.aws.clients import deployment_secret, dynamodb
from daybook.aws.control_table.catalogues import CatalogueTable
from daybook.aws.control_table.tenants import ControlTable
from daybook.aws.events_table.append import EventTable
from daybook.aws.identities_table.rows import IdentityTable
from daybook.catalogue.tenant_catalogue import Catalogues
from daybook.clock import system_clock
from daybook.crypto.keys import DeploymentKeys
from daybook.environment import Settings
from daybook.events.decoding import Unreadable, decode_events
from daybook.http.body import read_body
from daybook.http.problem import Problem
from daybook.http.request import Answer, Request
from daybook.http.serve import serve
from daybook.people.resolver import Identities
from daybook.tenant import Tenant
from daybook.tenants.settings import TenantSettings
from ingest.ingest import Ingest, Result


@dataclass(frozen=True)
class SendEvents:
    ingest: Ingest
    settings_of: Callable[[Tenant], TenantSettings]

    def __call__(self, request: Request) -> Answer:
        tenant = request.tenant
        body = read_body(request)
        settings = self.settings_of(tenant)
        try:
            sent = decode_events(body)
            results = self.ingest.store(settings, request.caller, sent, request.remaining_seconds)
        except Unreadable as unreadable:
            raise Problem(400, "unreadable", str(unreadable)) from None
        return answer(results)


@cache
def compose() -> SendEvents:
    settings = Settings.from_environment()
    client = dynamodb()
    keys = DeploymentKeys.from_secret(deployment_secret(settings.secret_arn))
    identities = Identities(IdentityTable(client, settings.identities_table), os.urandom)
    catalogues = Catalogues(CatalogueTable(client, settings.control_table))
    events = EventTable(client, settings.events_table)
    ingest = Ingest(
        events=events,
        identities=identities,
        catalogues=catalogues,
        keys=keys,
        clock=system_clock,
        random_bytes=os.urandom,
    )
    gc.freeze()  # what exists by now is never garbage, so collections during a batch need not look at it
    return SendEvents(ingest, ControlTable(client, settings.control_table).settings)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return serve(event, context, {"send_events": send_events})


def send_events(request: Request) -> Answer:
    """Composes within the call, so that a deployment with a missing part answers 500 and logs why."""
    return compose()(request)


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
