"""The right to be forgotten (GDPR, article 17), exercised by operations for one person of a tenant."""

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
        """Newest first."""


class ForgottenPerson(Struct):
    actor_id: str
    """The person's GUID, which stays in events."""
    forgotten_at: Time
    event_id: str
    """The event that records it."""
    exports_not_expired: list[str]
    """Exports whose files may still hold the person's name."""


@dataclass(frozen=True)
class RightToBeForgotten:
    control: SettingsReader
    people: IdentityReader
    forgetter: Forgetter
    jobs: Jobs
    recorder: Recorder
    clock: Clock

    def exercise(self, request: Request) -> Answer:
        """Looks for the person, records, deletes, and looks for exports, in this order.

        So nobody is forgotten unrecorded: a restore of the table could not forget them again. Whatever breaks off
        before the deletion has changed nothing but the log, and the same call again does it all (it is recorded
        again); or the sweep does, where it was asked for already. Once the key is gone, the same call deletes what may
        be left, and answers with the event that stands, also where another call was faster; nothing left: 404, as for
        who never was.
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
        """The one person of this GUID, else of this username or client id. Raises `Problem` 404 and 409.

        Who was forgotten under the name counts too, where anybody else has it: the call may be the second one for
        that person, and must not forget whoever took the name since.
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
            detail = f"Several people had this name; say which one by the GUID: {', '.join(several)}."
            raise Problem(409, "several_people", detail, [FieldError("actor", guid) for guid in several])
        return several[0]

    def _recorded(self, settings: TenantSettings, guid: str, request: Request) -> str:
        begun = self.forgetter.forgetting_event(settings.tenant, guid)
        if begun is not None and id_row(guid) not in self.people.read(settings.tenant, [id_row(guid)]):
            return begun
        environment = request.caller.environment_for(None, settings.environments[0])
        return self.recorder.record(settings, environment, request, AuditAction("person-forgotten", {"actor_id": guid}))

    def _may_be_in_the_clear(self, job: Job) -> bool:
        """A file that is still there, or may yet be written with the name: a worker keeps a key for 30 seconds, also
        one that has not begun the export yet.
        """
        if not job.status.has_ended:
            return True
        deleted = latest_deletion_ms(job)
        return job.status is Status.SUCCEEDED and deleted is not None and self.clock() < deleted
