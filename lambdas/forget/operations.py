"""Forgets one person of a tenant when operations asks for it (the right to be forgotten, GDPR article 17)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from msgspec import Struct

from daybook.catalogue.profile import profile
from daybook.clock import Clock, Time, format_time
from daybook.errors import Contended, FieldError
from daybook.http.problem import Problem, not_found
from daybook.http.request import Answer, Request
from daybook.ids import occurred_ms
from daybook.jobs.export import latest_deletion_ms
from daybook.jobs.job import EXPORT, Job, Status
from daybook.people.forgetter import ConcurrentChange, Forgetter, mark_of
from daybook.people.identities import id_row
from daybook.people.lookup import GUID, IdentityReader, resolve
from daybook.people.person_rows import binders_of_text
from daybook.self_audit.recorder import AuditAction, Recorder
from daybook.tenant import Tenant
from daybook.tenants.reader import SettingsReader
from daybook.tenants.settings import TenantSettings


class Jobs(Protocol):
    def jobs(self, tenant: Tenant, kind: str) -> Sequence[Job]:
        """Returns the jobs, newest first."""


class ForgottenPerson(Struct):
    actor_id: str
    """The person's GUID, which stays in events."""
    forgotten_at: Time
    event_id: str
    """The event that records it."""
    exports_not_expired: list[str]
    """Exports whose files may still hold the person's name."""


@dataclass(frozen=True)
class ForgetOperations:
    control: SettingsReader
    people: IdentityReader
    forgetter: Forgetter
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
        guid = self._whom(settings, text)
        event_id = self._recorded(settings, guid, request)
        mark = mark_of(guid, event_id, profile(settings.profile).retention.longest_days)
        try:
            self.forgetter.forget(settings.tenant, mark, candidates=binders_of_text(text))
        except ConcurrentChange:
            raise Contended(settings.tenant) from None
        event_id = self.forgetter.forgetting_event(settings.tenant, guid) or event_id
        exports = [job.id for job in self.jobs.jobs(settings.tenant, EXPORT) if self._may_be_in_the_clear(job)]
        forgotten_at = format_time(occurred_ms(event_id))
        return Answer(200, ForgottenPerson(guid, forgotten_at, event_id, exports))

    def _whom(self, settings: TenantSettings, text: str) -> str:
        """Returns the one person with this GUID, username or client id. Raises `Problem` 404 and 409.

        People who were forgotten under the name count too if somebody else has it now. The call may be the second one
        for such a person, and it must not forget the person who took the name later.
        """
        tenant, binders = settings.tenant, binders_of_text(text)
        if GUID.fullmatch(text) and self.forgetter.has_rows(tenant, text.lower()):
            return text.lower()
        named = resolve(self.people, tenant, profile(settings.profile).aliases, [text])[text]
        bound = {row["guid"] for row in self.people.read(tenant, binders).values()}
        once = set(self.forgetter.forgotten_under(tenant, text))
        there = {guid for guid in named.guids | bound | once if self.forgetter.has_rows(tenant, guid, binders)}
        if not there:
            raise not_found("person")
        several = sorted(there | once)
        if len(several) > 1:
            detail = f"Several people had this name. Give the GUID of the right one: {', '.join(several)}."
            raise Problem(409, "several_people", detail, [FieldError("actor", guid) for guid in several])
        return several[0]

    def _recorded(self, settings: TenantSettings, guid: str, request: Request) -> str:
        begun = self.forgetter.forgetting_event(settings.tenant, guid)
        if begun is not None and id_row(guid) not in self.people.read(settings.tenant, [id_row(guid)]):
            return begun
        environment = request.caller.environment_for(None, settings.environments[0])
        return self.recorder.record(settings, environment, request, AuditAction("person-forgotten", {"actor_id": guid}))

    def _may_be_in_the_clear(self, job: Job) -> bool:
        """Returns whether the export's file exists and may hold the name, or may yet be written with it.

        A worker keeps a person's key for 30 seconds, so this also holds for an export that has not started.
        """
        if not job.status.has_ended:
            return True
        deleted = latest_deletion_ms(job)
        return job.status is Status.SUCCEEDED and deleted is not None and self.clock() < deleted
