"""What one step of one export works with."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import msgspec

from daybook import observability
from daybook.catalogue.tenant_catalogue import Catalogue, Catalogues
from daybook.clock import SECOND, Clock
from daybook.crypto.keys import DeploymentKeys
from daybook.errors import UnknownTenant
from daybook.jobs.export import Ask, Places, places_of
from daybook.jobs.job import Job, JobFailed
from daybook.people.forgettings import forgotten_people
from daybook.people.key_cache import PersonKeys
from daybook.people.lookup import IdentityReader
from daybook.search.merge import EventIndex
from daybook.search.search import Groups
from daybook.tenant import EnvironmentKey, TenantCode
from daybook.tenants.reader import SettingsReader
from daybook.tenants.settings import TenantSettings
from exports.checkpoint import Checkpoint
from exports.checksum import ChecksumCache
from exports.export_file import ExportFile
from exports.files import Files
from exports.lines import LineFormatter
from exports.matching_events import BATCH, MatchingEvents
from exports.multipart import PART_BYTES, Uploader
from exports.question import Question, open_question
from exports.run_files import RunFiles
from exports.sorted_runs import MAX_MERGED

if TYPE_CHECKING:  # only exports with evidence need these modules
    from daybook.events.store import EventStore
    from daybook.ledger.log import Appends
    from daybook.ledger.logs import Log, Logs
    from daybook.ledger.signing import Checkpoints

STEP_MS = 20 * SECOND
RUN_BYTES = 4 * 1024 * 1024


class TenantStores(Protocol):
    """What reads one tenant's events, people and logs, and records in its log."""

    @property
    def indexes(self) -> EventIndex: ...
    @property
    def identities(self) -> IdentityReader: ...
    @property
    def person_keys(self) -> PersonKeys: ...
    @property
    def events(self) -> "EventStore": ...
    @property
    def random_bytes(self) -> Callable[[int], bytes]: ...
    @property
    def logs(self) -> "Logs": ...
    @property
    def appends(self) -> "Appends": ...
    @property
    def checkpoints(self) -> "Checkpoints": ...


@dataclass
class ExportServices:
    """The stores that exports are written from and to, and how much is done at once."""

    control: SettingsReader
    catalogues: Catalogues
    stores_of: Callable[[TenantCode], TenantStores]
    groups: Groups
    keys: DeploymentKeys
    files: Files
    clock: Clock
    pause: Callable[[float], None]
    """Waits for so many seconds."""
    ask_to_sign: "Callable[[Log, int], None]"
    """Asks for a checkpoint of a log: at most once a minute, however often it is called."""
    count: Callable[[str, int], None] = observability.count
    """Adds to a metric."""
    step_ms: int = STEP_MS
    run_bytes: int = RUN_BYTES
    part_bytes: int = PART_BYTES
    batch: int = BATCH
    """How many events are read at once, and how many lines are merged at once."""
    max_merged: int = MAX_MERGED

    @property
    def uploader(self) -> Uploader:
        return Uploader(self.files, self.clock, self.step_ms, self.part_bytes)


@dataclass(frozen=True)
class ExportContext:
    """Made anew for each step. Each part of it is made once, when a phase needs it: no phase needs all of them."""

    services: ExportServices
    job: Job
    checkpoint: Checkpoint
    checksum: ChecksumCache

    @cached_property
    def ask(self) -> Ask:
        return msgspec.convert(self.job.ask, Ask)

    @cached_property
    def question(self) -> Question:
        return open_question(self.services.keys, self.job, self.ask)

    @cached_property
    def settings(self) -> TenantSettings:
        """The tenant's settings now. Raises `JobFailed` where the tenant was deleted."""
        try:
            return self.services.control.settings_of(self.job.tenant)
        except UnknownTenant:
            raise JobFailed("The tenant no longer exists.") from None

    @cached_property
    def stores(self) -> TenantStores:
        return self.services.stores_of(self.job.tenant)

    @cached_property
    def catalogue(self) -> Catalogue:
        return self.services.catalogues.of(self.settings)

    @cached_property
    def edge_ms(self) -> int:
        """The latest edge of the retention since the request: no event before it may be in the file."""
        now_ms = self.settings.retention_edge(self.ask.asked_ms)
        return max(self.checkpoint.edge_ms, self.ask.edge_ms, now_ms)

    @cached_property
    def forgotten(self) -> int:
        """How many people of the environment were forgotten, as this step began. Raises `Throttled`."""
        return forgotten_people(self.stores.identities, self.environment)

    @cached_property
    def environment(self) -> EnvironmentKey:
        return self.settings.environment_key(self.ask.environment)

    @cached_property
    def events(self) -> MatchingEvents:
        services, stores = self.services, self.stores
        stores.person_keys.drop_if_forgotten(self.environment, self.forgotten)
        return MatchingEvents(
            index=stores.indexes,
            identities=stores.identities,
            groups=services.groups,
            keys_of=stores.person_keys.of,
            keys=services.keys,
            clock=services.clock,
            settings=self.settings,
            environment=self.environment,
            catalogue=self.catalogue,
            ask=self.ask,
            question=self.question,
            edge_ms=self.edge_ms,
            batch=services.batch,
        )

    @property
    def from_ms(self) -> int:
        """The first moment of the span, as the manifest says it."""
        return max(self.question.parameters.span.from_ms or 0, self.checkpoint.edge_ms)

    @cached_property
    def lines(self) -> LineFormatter:
        about = self.catalogue.profile
        return LineFormatter(self.question.parameters, self.ask.format, self.ask.tenant_name, about, mark=self.ask.mark)

    @cached_property
    def places(self) -> Places:
        return places_of(self.job)

    @cached_property
    def file(self) -> ExportFile:
        return ExportFile(self.job, self.services.uploader, self.checksum)

    @cached_property
    def runs(self) -> RunFiles:
        services, descending = self.services, self.question.parameters.order.descending
        return RunFiles(services.files, services.uploader, self.places, descending, services.batch)
