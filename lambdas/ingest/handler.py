"""`POST /v1/events`: translates between the gateway and `ingest`."""

import gc
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from msgspec import UNSET

from daybook.aws.wiring import Wiring
from daybook.environment import Settings
from daybook.events.decoding import Unreadable, decode_events
from daybook.events.item import MAX_PACKED_BYTES
from daybook.http.body import read_body
from daybook.http.problem import Problem
from daybook.http.request import Answer, Request
from daybook.http.serve import Operation, serve
from daybook.limits.gate import Gate
from daybook.tenant import Tenant
from daybook.tenants.settings import TenantSettings
from ingest.answers import EventRejected, EventStored, EventToRetry, SendReport
from ingest.ingest import Ingest, Result
from ingest.refusals import Refusals


@dataclass(frozen=True)
class SendEvents:
    ingest: Ingest
    refusals: Refusals
    settings_of: Callable[[Tenant], TenantSettings]
    gate: Gate

    def __call__(self, request: Request) -> Answer:
        tenant = request.tenant
        body = read_body(request)
        settings = self.settings_of(tenant)
        try:
            sent = decode_events(body)
            self.gate.events(settings.code, settings.limits, request.caller, len(sent.events))
            results = self.ingest.store(settings, request.caller, sent, request.remaining_seconds)
        except Unreadable as unreadable:
            raise Problem(400, "unreadable", str(unreadable)) from None
        self.refusals.note(settings, request.caller, sent.events, results)
        return answer(results)


@cache
def compose() -> Operation:
    wiring = Wiring.deployed(Settings.from_environment())
    send = wiring.gate.calls(
        SendEvents(ingest_over(wiring), refusals_over(wiring), wiring.control.settings, wiring.gate)
    )
    gc.freeze()  # what exists now is never garbage; the collections during a batch need not look at it
    return send


def ingest_over(wiring: Wiring, max_packed_bytes: int = MAX_PACKED_BYTES) -> Ingest:
    return Ingest(
        events=wiring.events,
        identities=wiring.resolver,
        catalogues=wiring.catalogues,
        keys=wiring.keys,
        clock=wiring.clock,
        random_bytes=wiring.random_bytes,
        max_packed_bytes=max_packed_bytes,
    )


def refusals_over(wiring: Wiring) -> Refusals:
    return Refusals(wiring.refused, wiring.catalogues, wiring.clock, wiring.random_bytes)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return serve(event, context, {"send_events": send_events})


def send_events(request: Request) -> Answer:
    """Composes within the call, so that a deployment with a missing part answers 500 and logs why."""
    return compose()(request)


def answer(results: list[Result]) -> Answer:
    stored = sum(result.status == "stored" for result in results)
    rejected = sum(result.status == "rejected" for result in results)
    report = SendReport(stored, rejected, [_result(index, result) for index, result in enumerate(results)])
    if stored + rejected < len(results):
        return Answer(503, report, {"Retry-After": "1"})
    return Answer(201 if not rejected else 207 if stored else 422, report)


def _result(index: int, result: Result) -> EventStored | EventRejected | EventToRetry:
    if result.id is not None and result.leaf is not None:
        return EventStored(index, result.id, result.leaf.hex(), tuple(result.adjusted) or UNSET)
    if result.code is not None:
        return EventRejected(index, result.code, result.errors)
    return EventToRetry(index)
