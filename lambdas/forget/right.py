"""The right to be forgotten (GDPR, article 17), exercised by operations for one person of a tenant."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from daybook.caller import Tenant
from daybook.catalogue import profile
from daybook.clock import Clock, format_time
from daybook.event_id import occurred_ms
from daybook.exports import deleted_ms
from daybook.forgetting import Forgetter, Outrun
from daybook.http import Answer, Request
from daybook.identities import id_row
from daybook.jobs import EXPORT, Job, Status
from daybook.problem import FieldError, Problem, not_found
from daybook.reading.people import GUID, IdentityReader, resolve
from daybook.recording import Doing, Recorder
from daybook.tenants import Contended, TenantSettings


class Control(Protocol):
    def settings(self, tenant: Tenant) -> TenantSettings:
        """Raises `UnknownTenant`."""


class Jobs(Protocol):
    def jobs(self, tenant: Tenant, kind: str) -> Sequence[Job]:
        """Newest first."""


@dataclass(frozen=True)
class RightToBeForgotten:
    control: Control
    people: IdentityReader
    forgetter: Forgetter
    jobs: Jobs
    recorder: Recorder
    clock: Clock

    def exercise(self, request: Request) -> Answer:
        """Looks for the person and the exports, records, and deletes, in this order.

        So nobody is forgotten unrecorded: a restore of the table could not forget them again. Whatever breaks off
        before the deletion has changed nothing but the log, and the same call again does it all (it is recorded
        again). Once the key is gone, the same call deletes what may be left, and answers with the event that stands;
        nothing left: 404, as for who never was.
        """
        settings = self.control.settings(request.tenant)
        guid = self._whom(settings, request.parameters["actor"])
        exports = [job.id for job in self.jobs.jobs(settings.tenant, EXPORT) if self._may_be_in_the_clear(job)]
        event_id = self._recorded(settings, guid, request)
        try:
            self.forgetter.forget(settings.tenant, guid, event_id, profile(settings.profile).retention.longest_days)
        except Outrun:
            raise Contended(settings.tenant) from None
        forgotten_at = format_time(occurred_ms(event_id))
        content = {"actor_id": guid, "forgotten_at": forgotten_at, "event_id": event_id, "exports_not_expired": exports}
        return Answer(200, content)

    def _whom(self, settings: TenantSettings, text: str) -> str:
        """The one person of this GUID, else of this username or client id. Raises `Problem` 404 and 409."""
        tenant = settings.tenant
        if GUID.fullmatch(text) and self.forgetter.has_left(tenant, text.lower()):
            return text.lower()
        named = resolve(self.people, tenant, profile(settings.profile).aliases, [text])[text]
        guids = sorted({*named.guids, *self.forgetter.once_called(tenant, text)})
        there = [guid for guid in guids if self.forgetter.has_left(tenant, guid)]
        if not there:
            raise not_found("person")
        if len(there) > 1:
            detail = f"Several people had this name; say which one by the GUID: {', '.join(there)}."
            raise Problem(409, "several_people", detail, [FieldError("actor", guid) for guid in there])
        return there[0]

    def _recorded(self, settings: TenantSettings, guid: str, request: Request) -> str:
        begun = self.forgetter.begun(settings.tenant, guid)
        if begun is not None and id_row(guid) not in self.people.read(settings.tenant, [id_row(guid)]):
            return begun
        environment = request.caller.environment_for(None, settings.environments[0])
        return self.recorder.record(settings, environment, request, Doing("person-forgotten", {"actor_id": guid}))

    def _may_be_in_the_clear(self, job: Job) -> bool:
        """A file that is still there, or is being written."""
        deleted = deleted_ms(job)
        return job.status is Status.RUNNING or (
            job.status is Status.SUCCEEDED and deleted is not None and self.clock() < deleted
        )
