"""Forgets one person of a tenant when operations asks for it (the right to be forgotten, GDPR article 17)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from msgspec import Struct

from daybook.catalogue.profile import profile
from daybook.clock import Clock, Time, format_time
from daybook.errors import Contended, FieldError
from daybook.http.caller import EVERY_ENVIRONMENT
from daybook.http.environments import environment_of
from daybook.http.problem import Problem, bad_parameter, not_found
from daybook.http.request import Answer, Request
from daybook.ids import occurred_ms
from daybook.jobs.export import latest_deletion_ms
from daybook.jobs.job import EXPORT, Job, Status
from daybook.people.bearers import Bearers
from daybook.people.disclosures import disclosures_of
from daybook.people.forgetter import ConcurrentChange, Forgetter, ForgettingStore, mark_of
from daybook.people.identities import id_row
from daybook.people.lookup import GUID
from daybook.self_audit.recorder import AuditAction, Recorder
from daybook.tenant import TenantCode
from daybook.tenants.reader import SettingsReader
from daybook.tenants.settings import TenantSettings

PARAMETERS = ("environment",)
MAX_LISTED = 100


class Jobs(Protocol):
    def jobs(self, tenant: TenantCode, kind: str) -> Sequence[Job]:
        """Returns the jobs, newest first."""


class ForgottenPerson(Struct):
    environment: str
    actor_id: str
    """The person's GUID, which stays in events."""
    forgotten_at: Time
    event_id: str
    """The event that records it."""


class ForgettingReport(Struct):
    """People are of an environment, so one name may have meant a person in each."""

    forgotten: list[ForgottenPerson]
    exports_not_expired: list[str]
    """Exports whose files may still hold the person's name."""
    evidence_not_expired: list[str]
    """Of these, the exports whose evidence may hold keys that open the person's fields in single events."""
    disclosures: list[str]
    """The events that record which proofs disclosed keys of the person, each of a single event."""


@dataclass(frozen=True)
class ForgetOperations:
    control: SettingsReader
    people: ForgettingStore
    forgetter: Callable[[TenantSettings], Forgetter]
    jobs: Jobs
    recorder: Recorder
    clock: Clock

    def forget_person(self, request: Request) -> Answer:
        """Finds the person, records the request, deletes, and looks for exports, in this order.

        Nobody is forgotten without a record, because after a restore of the table they could not be forgotten again.
        A call that stops before the deletion has changed nothing but the log. Repeating the call then does everything
        and records it again, unless the sweep was already queued and does it. Once the key is deleted, repeating the
        call deletes what may be left and answers with the first event, also if another call was faster. If nothing is
        left, the answer is 404, as for a person who never existed.
        """
        settings = self.control.settings(request.tenant)
        text = request.parameters["actor"]
        # Everybody is found before anybody is forgotten: a name that is not clear in one environment changes nothing.
        found = [(each, self._whom(settings, each, text)) for each in _environments(request, settings)]
        forgotten = [self._forget(settings, each, guid, request) for each, guid in found if guid is not None]
        if not forgotten:
            raise not_found("person")
        exports = [job for job in self.jobs.jobs(settings.code, EXPORT) if self._may_be_in_the_clear(job)]
        evidence = [job.id for job in exports if job.ask.get("evidence")]
        disclosed = [
            event
            for each in forgotten
            for event in disclosures_of(self.people, settings.environment_key(each.environment), each.actor_id)
        ]
        return Answer(200, ForgettingReport(forgotten, [job.id for job in exports], evidence, disclosed))

    def _forget(self, settings: TenantSettings, environment: str, guid: str, request: Request) -> ForgottenPerson:
        key, forgetter = settings.environment_key(environment), self.forgetter(settings)
        event_id = self._recorded(settings, environment, guid, request)
        mark = mark_of(guid, event_id, profile(settings.profile).retention.longest_days)
        try:
            forgetter.forget(key, mark, candidates=forgetter.binders_of(request.parameters["actor"]))
        except ConcurrentChange:
            raise Contended(settings.tenant) from None
        event_id = forgetter.forgetting_event(key, guid) or event_id
        return ForgottenPerson(environment, guid, format_time(occurred_ms(event_id)), event_id)

    def _whom(self, settings: TenantSettings, environment: str, text: str) -> str | None:
        """Returns the one person with this GUID, username or client id; None if there is none. Raises `Problem` 409.

        People who were forgotten under the name count too if somebody else has it now. The call may be the second one
        for such a person, and it must not forget the person who took the name later.
        """
        key, forgetter = settings.environment_key(environment), self.forgetter(settings)
        if GUID.fullmatch(text) and forgetter.has_rows(key, text.lower()):
            return text.lower()
        found = forgetter.bearers(key, text)
        if not found.guids:
            return None
        if len(found.guids) > 1 or not found.are_all:
            raise _several(found, environment)
        return found.guids[0]

    def _recorded(self, settings: TenantSettings, environment: str, guid: str, request: Request) -> str:
        key = settings.environment_key(environment)
        begun = self.forgetter(settings).forgetting_event(key, guid)
        if begun is not None and id_row(guid) not in self.people.read(key, [id_row(guid)]):
            return begun
        return self.recorder.record(settings, environment, request, AuditAction("person-forgotten", {"actor_id": guid}))

    def _may_be_in_the_clear(self, job: Job) -> bool:
        """Returns whether the export's file exists and may hold the name, or may yet be written with it.

        A worker keeps a person's key for 30 seconds, so this also holds for an export that has not started.
        """
        if not job.status.has_ended:
            return True
        deleted = latest_deletion_ms(job)
        return job.status is Status.SUCCEEDED and deleted is not None and self.clock() < deleted


def _several(found: Bearers, environment: str) -> Problem:
    listed = found.guids[:MAX_LISTED]
    number = len(found.guids) if found.are_all else f"More than {len(found.guids)}"
    detail = f"{number} people in {environment} had this name. Give the GUID of the right one: {', '.join(listed)}."
    return Problem(409, "several_people", detail, [FieldError("actor", guid) for guid in listed])


def _environments(request: Request, settings: TenantSettings) -> Sequence[str]:
    for name, values in request.query.items():
        if name not in PARAMETERS:
            raise bad_parameter(name, "unknown query parameter", "unknown_parameter")
        if len(set(values)) > 1:
            raise bad_parameter(name, "may be given only once")
    named = request.query.get("environment", [None])[0]
    if named is None and request.caller.environment == EVERY_ENVIRONMENT:
        return settings.environments
    return [environment_of(request, settings, named)]
