"""How stores, keys and services are put together: once for handlers, tests and benchmarks.

A property imports what it makes. Importing it all would add 21 to 75 ms of CPU to a function's cold start; what a
function does need costs the same whether it is imported here or at the top of the handler.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Self

from daybook.aws import clients
from daybook.clock import Clock, system_clock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from daybook.aws.bucket import FileBucket
    from daybook.aws.checkpoint_bucket import CheckpointBucket
    from daybook.aws.control_table.catalogues import CatalogueTable
    from daybook.aws.control_table.destinations import DestinationTable
    from daybook.aws.control_table.drains import DrainTable
    from daybook.aws.control_table.groups import GroupTable
    from daybook.aws.control_table.jobs import JobTable
    from daybook.aws.control_table.parked import ParkedTable
    from daybook.aws.control_table.tenants import ControlTable
    from daybook.aws.control_table.views import ViewTable
    from daybook.aws.credentials_table.issuing import KeyTable
    from daybook.aws.downloads import DownloadLinks
    from daybook.aws.events_table.append import EventTable
    from daybook.aws.events_table.by_key import InsertedEvents
    from daybook.aws.events_table.indexes import EventIndexes
    from daybook.aws.events_table.sealed import SealedEvents
    from daybook.aws.events_table.stamps import StampTable
    from daybook.aws.identities_table.erase import ForgettingTable
    from daybook.aws.identities_table.rows import IdentityTable
    from daybook.aws.job_queue import SqsJobQueue
    from daybook.aws.ledger_table.alerts import AlertTable
    from daybook.aws.ledger_table.appends import AppendTable
    from daybook.aws.ledger_table.checkpoints import CheckpointTable
    from daybook.aws.ledger_table.counts import CountTable
    from daybook.aws.ledger_table.keys import PublishedKeyTable
    from daybook.aws.ledger_table.nodes import NodeTable
    from daybook.aws.ledger_table.registry import LogTable
    from daybook.aws.limits_table.last_uses import LastUseTable
    from daybook.aws.limits_table.refused import RefusedTable
    from daybook.aws.limits_table.usage import UsageTable
    from daybook.aws.parked_keys import ParkedKeys
    from daybook.aws.poison import PoisonBucket
    from daybook.aws.sign_queue import SignQueue
    from daybook.aws.signing_keys import KmsKey
    from daybook.catalogue.tenant_catalogue import Catalogues
    from daybook.crypto.keys import DeploymentKeys
    from daybook.delivery.attempt import Attempt
    from daybook.delivery.backlog import Backlog
    from daybook.delivery.formats import Write
    from daybook.delivery.records import Records
    from daybook.delivery.sender import RecordSender
    from daybook.environment import FunctionSettings
    from daybook.jobs.store import Work
    from daybook.ledger.appender import Appender
    from daybook.ledger.fold import Fold
    from daybook.limits.gate import Gate
    from daybook.operators.keys import OperatorsKeys
    from daybook.people.identities import IdentityStore
    from daybook.people.key_cache import PersonKeys
    from daybook.people.resolver import Identities
    from daybook.search.merge import Bounds
    from daybook.search.search import Search
    from daybook.self_audit.recorder import Record, Recorder
    from daybook.tenant import TenantCode

_OF_ALL_TENANTS = ("keys", "control", "catalogues", "groups")
"""What a tenant's wiring shares with the one that it was made of: it is read with the function's own role."""


@dataclass(frozen=True)
class Tables:
    """The tables' names. DynamoDB refuses calls on the empty name, which a table has that the function may not use."""

    events: str = ""
    identities: str = ""
    control: str = ""
    credentials: str = ""
    limits: str = ""
    ledger: str = ""

    @classmethod
    def of(cls, settings: FunctionSettings) -> Self:
        """Those that a function's settings name."""
        names = {f"{field.name}_table": field.name for field in fields(cls)}
        return cls(**{names[name]: value for name, value in vars(settings).items() if name in names})


@dataclass(frozen=True)
class Wiring:
    """Each property is made when it is first asked for, and kept."""

    client: Any
    """A low-level DynamoDB client."""
    tables: Tables
    secret: Callable[[], bytes]
    """Fetches the deployment's secret. Only functions that ask for `keys` may read it."""
    clock: Clock = system_clock
    random_bytes: Callable[[int], bytes] = os.urandom
    replaced: Mapping[str, Any] = field(default_factory=dict)
    """By the names of properties, what stands in their place: other stores in tests and benchmarks."""
    client_of: Callable[[TenantCode], Any] | None = None
    """The client that reads one tenant's events and people. None: `client` does, for all tenants."""

    def __post_init__(self) -> None:
        unknown = [name for name in self.replaced if not isinstance(getattr(type(self), name, None), cached_property)]
        if unknown:
            raise TypeError(f"not properties of the wiring: {', '.join(unknown)}")
        vars(self).update(self.replaced)

    @classmethod
    def deployed(cls, settings: FunctionSettings) -> Self:
        tables, values = Tables.of(settings), vars(settings)

        def secret() -> bytes:
            return clients.secret_value(values["secret_arn"])

        if "reader_role_arn" not in values:
            return cls(clients.dynamodb(), tables, secret)
        from daybook.aws.tenant_sessions import TenantClient, tenants_sessions

        client = clients.dynamodb_for_sessions()
        sessions = tenants_sessions(clients.own_sts(), values["reader_role_arn"], system_clock)
        return cls(client, tables, secret, client_of=partial(TenantClient, client, sessions))

    def replacing(self, **properties: Any) -> Self:
        return replace(self, replaced={**self.replaced, **properties})

    @cached_property
    def of_tenant(self) -> Callable[[TenantCode], Wiring]:
        """The wiring whose events and people are read with a session of that tenant."""
        from daybook.aws.tenant_sessions import OfTenants

        return OfTenants(self._of_tenant)

    def _of_tenant(self, tenant: TenantCode) -> Wiring:
        if self.client_of is None:
            return self
        same = {name: getattr(self, name) for name in _OF_ALL_TENANTS}
        wiring = replace(self, client=self.client_of(tenant), client_of=None, replaced={**same, **self.replaced})
        if "person_keys" not in self.replaced:
            vars(wiring)["person_keys"] = self.person_keys.read_by(tenant, wiring.identities.read)
        return wiring

    @cached_property
    def keys(self) -> DeploymentKeys:
        from daybook.crypto.keys import DeploymentKeys

        return DeploymentKeys(self.secret(), self._secret_again, self.clock)

    def _secret_again(self) -> bytes | None:
        """None where it can't be read now: what was read before is good for a while."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return self.secret()
        except (BotoCoreError, ClientError):
            from daybook.observability import logger

            logger.exception("secret")
            return None

    @cached_property
    def control(self) -> ControlTable:
        from daybook.aws.control_table.tenants import ControlTable

        return ControlTable(self.client, self.tables.control)

    @cached_property
    def issued_keys(self) -> KeyTable:
        from daybook.aws.credentials_table.issuing import KeyTable

        return KeyTable(self.client, self.tables.credentials, self.tables.control)

    @cached_property
    def last_uses(self) -> LastUseTable:
        from daybook.aws.limits_table.last_uses import LastUseTable

        return LastUseTable(self.client, self.tables.limits)

    @cached_property
    def usage(self) -> UsageTable:
        from daybook.aws.limits_table.usage import UsageTable

        return UsageTable(clients.dynamodb_for_counters, self.tables.limits)

    @cached_property
    def gate(self) -> Gate:
        from daybook.limits.allowance import Allowance
        from daybook.limits.gate import Gate
        from daybook.limits.known_limits import KnownLimits

        allowance, limits = Allowance(self.usage, self.clock, self.count), KnownLimits(self.control, self.clock)
        return Gate(allowance, limits, clients.read_meter().take, self.count)

    def charged(self, work: Work) -> Work:
        """Work whose reads count for its tenants."""
        from daybook.jobs.charged_work import ChargedWork

        units = clients.read_meter().take
        return ChargedWork(work, self.usage, self.control.limits_of, units, self.clock, self.count)

    @cached_property
    def activities(self) -> CatalogueTable:
        from daybook.aws.control_table.catalogues import CatalogueTable

        return CatalogueTable(self.client, self.tables.control)

    @cached_property
    def catalogues(self) -> Catalogues:
        from daybook.catalogue.tenant_catalogue import Catalogues

        return Catalogues(self.activities)

    @cached_property
    def groups(self) -> GroupTable:
        from daybook.aws.control_table.groups import GroupTable

        return GroupTable(self.client, self.tables.control, self.clock)

    @cached_property
    def views(self) -> ViewTable:
        from daybook.aws.control_table.views import ViewTable

        return ViewTable(self.client, self.tables.control)

    @cached_property
    def refused(self) -> RefusedTable:
        from daybook.aws.limits_table.refused import RefusedTable

        return RefusedTable(clients.dynamodb_for_counters, self.client, self.tables.limits)

    @cached_property
    def jobs(self) -> JobTable:
        from daybook.aws.control_table.jobs import JobTable

        return JobTable(self.client, self.tables.control)

    @cached_property
    def destinations(self) -> DestinationTable:
        from daybook.aws.control_table.destinations import DestinationTable

        return DestinationTable(self.client, self.tables.control)

    @cached_property
    def drains(self) -> DrainTable:
        from daybook.aws.control_table.drains import DrainTable

        return DrainTable(self.client, self.tables.control)

    @cached_property
    def parked(self) -> ParkedTable:
        from daybook.aws.control_table.parked import ParkedTable

        return ParkedTable(self.client, self.tables.control)

    @cached_property
    def identities(self) -> IdentityTable:
        from daybook.aws.identities_table.rows import IdentityTable

        return IdentityTable(self.client, self.tables.identities)

    @cached_property
    def forgetting(self) -> ForgettingTable:
        """The same rows as `identities`, which it may also delete."""
        from daybook.aws.identities_table.erase import ForgettingTable

        return ForgettingTable(self.client, self.tables.identities)

    @cached_property
    def resolver(self) -> Identities:
        return self.resolver_over(self.identities)

    @cached_property
    def resolver_over(self) -> Callable[[IdentityStore], Identities]:
        """For a store other than `identities`."""
        from daybook.people.resolver import Identities

        return lambda store: Identities(store, self.random_bytes, self.clock)

    @cached_property
    def person_keys(self) -> PersonKeys:
        from daybook.people.key_cache import PersonKeys

        return PersonKeys(self.identities.read, self.clock)

    @cached_property
    def events(self) -> EventTable:
        from daybook.aws.events_table.append import EventTable

        return EventTable(self.client, self.tables.events)

    @cached_property
    def inserted(self) -> InsertedEvents:
        from daybook.aws.events_table.by_key import InsertedEvents

        return InsertedEvents(self.client, self.tables.events)

    @cached_property
    def stamps(self) -> StampTable:
        from daybook.aws.events_table.stamps import StampTable

        return StampTable(self.client, self.tables.events)

    @cached_property
    def indexes(self) -> EventIndexes:
        from daybook.aws.events_table.indexes import EventIndexes

        return EventIndexes(self.client, self.tables.events)

    @cached_property
    def logs(self) -> LogTable:
        from daybook.aws.ledger_table.registry import LogTable

        return LogTable(self.client, self.tables.ledger)

    @cached_property
    def appends(self) -> AppendTable:
        from daybook.aws.ledger_table.appends import AppendTable

        return AppendTable(self.client, self.tables.ledger)

    def appender(self, log_origin: str, pause: Callable[[float], None] = time.sleep) -> Appender:
        from daybook.ledger.appender import Appender

        return Appender(self.logs, self.appends, log_origin, self.clock, self.random_bytes, pause)

    @cached_property
    def alerts(self) -> AlertTable:
        from daybook.aws.ledger_table.alerts import AlertTable

        return AlertTable(self.client, self.tables.ledger)

    @cached_property
    def checkpoints(self) -> CheckpointTable:
        from daybook.aws.ledger_table.checkpoints import CheckpointTable

        return CheckpointTable(self.client, self.tables.ledger)

    @cached_property
    def published_keys(self) -> PublishedKeyTable:
        """With the function's own role: no tenant's session reads them."""
        from daybook.aws.ledger_table.keys import PublishedKeyTable

        return PublishedKeyTable(self.client, self.tables.ledger)

    @cached_property
    def tile_roots(self) -> NodeTable:
        from daybook.aws.ledger_table.nodes import NodeTable

        return NodeTable(self.client, self.tables.ledger)

    @cached_property
    def counts(self) -> CountTable:
        from daybook.aws.ledger_table.counts import CountTable

        return CountTable(self.client, self.tables.ledger)

    @cached_property
    def fold(self) -> Fold:
        from daybook.ledger.fold import Fold
        from daybook.observability import FOLD_SECONDS_BEHIND

        behind = partial(self.gauge, FOLD_SECONDS_BEHIND)
        return Fold(self.appends, self.counts, self.tile_roots, self.clock, behind)

    @cached_property
    def sealed_events(self) -> SealedEvents:
        from daybook.aws.events_table.sealed import SealedEvents

        return SealedEvents(self.client, self.tables.events)

    @cached_property
    def search_bounds(self) -> Bounds:
        from daybook.search.merge import BOUNDS

        return BOUNDS

    @cached_property
    def search(self) -> Search:
        from daybook.search.search import Search

        return Search(
            index=self.indexes,
            identities=self.identities,
            groups=self.groups,
            person_keys=self.person_keys,
            keys=self.keys,
            clock=self.clock,
            bounds=self.search_bounds,
        )

    @cached_property
    def recorder(self) -> Recorder:
        from daybook.self_audit.callers import Callers
        from daybook.self_audit.recorder import Recorder

        callers = Callers(self.identities, self.resolver)

        def newest_ids(by_activity: str, low: str, limit: int) -> list[str]:
            return self.indexes.newest_ids(by_activity, low, limit)  # few functions need it, so it is imported then

        return Recorder(self.events, newest_ids, callers, self.keys, self.clock, self.random_bytes)

    @cached_property
    def record(self) -> Record:
        from daybook.self_audit.recorder import record_by

        return record_by(self.recorder)

    @cached_property
    def operators_keys(self) -> OperatorsKeys:
        from daybook.operators.keys import OperatorsKeys
        from daybook.operators.log import OperatorsLog

        log = OperatorsLog(self.control, self.record, self.clock, self.random_bytes)
        return OperatorsKeys(self.issued_keys, log, self.clock)

    @cached_property
    def stream_formats(self) -> Mapping[str, Write]:
        from daybook.delivery.formats import FORMATS

        return FORMATS

    @cached_property
    def records(self) -> Records:
        from daybook.delivery.records import Records

        return Records(self.person_keys.of)

    @cached_property
    def sender(self) -> RecordSender:
        from daybook.aws.assumed_roles import customers_sessions
        from daybook.aws.kinesis import CustomerStreams
        from daybook.delivery.sender import RecordSender

        return RecordSender(CustomerStreams(customers_sessions(clients.sts(), self.clock), clients.kinesis))

    @cached_property
    def count(self) -> Callable[[str, int], None]:
        """Adds to a metric."""
        from daybook.observability import count

        return count

    @cached_property
    def gauge(self) -> Callable[[str, int], None]:
        """Sets a metric."""
        from daybook.observability import gauge

        return gauge

    @cached_property
    def given_up(self) -> Callable[[int], None]:
        """Counts events that no stream will receive."""
        from daybook.observability import GIVEN_UP

        return partial(self.count, GIVEN_UP)

    @cached_property
    def attempt(self) -> Attempt:
        from daybook.delivery.attempt import Attempt

        return Attempt(self.records, self.sender)

    def backlog(self, url: str) -> Backlog:
        from daybook.aws.backlog_queue import DrainQueue
        from daybook.delivery.backlog import Backlog

        return Backlog(self.parked, self.drains, DrainQueue(clients.sqs(), url), self.count, self.clock)

    def files(self, bucket: str) -> FileBucket:
        from daybook.aws.bucket import FileBucket

        return FileBucket(clients.s3(), bucket)

    def download_links(self, role_arn: str, bucket: str) -> DownloadLinks:
        from daybook.aws.downloads import DownloadLinks

        return DownloadLinks(clients.own_sts(), clients.s3, role_arn, bucket)

    def parked_keys(self, url: str) -> ParkedKeys:
        from daybook.aws.parked_keys import ParkedKeys

        return ParkedKeys(clients.sqs(), url)

    def poison(self, bucket: str) -> PoisonBucket:
        from daybook.aws.poison import PoisonBucket

        return PoisonBucket(clients.s3(), bucket)

    def job_queue(self, url: str) -> SqsJobQueue:
        from daybook.aws.job_queue import SqsJobQueue

        return SqsJobQueue(clients.sqs(), url)

    def checkpoint_bucket(self, bucket: str) -> CheckpointBucket:
        from daybook.aws.checkpoint_bucket import CheckpointBucket

        return CheckpointBucket(clients.s3(), bucket)

    def sign_queue(self, url: str) -> SignQueue:
        from daybook.aws.sign_queue import SignQueue

        return SignQueue(clients.sqs(), url)

    @cached_property
    def signing_key(self) -> Callable[[str], KmsKey]:
        """By its ARN."""
        from daybook.aws.signing_keys import KmsKey

        return partial(KmsKey, clients.kms())
