"""What a tenant's admins manage: settings, catalogue, groups, people and views. Translates routes to operations."""

from collections.abc import Mapping
from functools import cache

from daybook.aws.wiring import Wiring
from daybook.environment import ManageSettings
from daybook.http.serve import Operation, answering
from daybook.jobs.store import JobQueue
from manage.actor_search import ActorSearch
from manage.actors import ActorOperations
from manage.catalogue import CatalogueOperations
from manage.groups import GroupOperations
from manage.refused import RefusedOperations
from manage.retention import RetentionOperations
from manage.retention_preview import Previews
from manage.views import ViewOperations


@cache
def compose() -> Mapping[str, Operation]:
    settings = ManageSettings.from_environment()
    wiring = Wiring.deployed(settings)
    return wiring.gate.reads(operations(wiring, wiring.job_queue(settings.restamp_queue_url)))


def operations(wiring: Wiring, restamps: JobQueue) -> Mapping[str, Operation]:
    actors = ActorOperations(wiring.control, wiring.keys, ActorSearch(wiring.identities, wiring.clock))
    groups = GroupOperations(
        wiring.control, wiring.groups, wiring.identities, wiring.resolver_over, wiring.keys, wiring.record
    )
    views = ViewOperations(
        wiring.control, wiring.views, wiring.identities, wiring.keys, wiring.recorder, wiring.random_bytes
    )
    refused = RefusedOperations(wiring.control, wiring.refused, wiring.clock)
    catalogue = CatalogueOperations(wiring.control, wiring.activities, wiring.catalogues, wiring.record)
    retention = RetentionOperations(
        store=wiring.control,
        jobs=wiring.jobs,
        queue=restamps,
        record=wiring.record,
        keys=wiring.keys,
        clock=wiring.clock,
        random_bytes=wiring.random_bytes,
        previews=Previews(wiring.of_tenant, wiring.clock),
    )
    return {
        "list_actors": actors.list,
        "list_groups": groups.list_names,
        "read_group": groups.read,
        "put_group": groups.put,
        "remove_group": groups.remove,
        "list_views": views.list_all,
        "read_view": views.read,
        "put_view": views.put,
        "remove_view": views.remove,
        "list_refused": refused.list,
        "read_retention": retention.read_retention,
        "set_retention": retention.set_retention,
        "read_hold": retention.read_hold,
        "set_hold": retention.set_hold,
        "lift_hold": retention.lift_hold,
        "put_activity": catalogue.put,
        "take_back_activity": catalogue.take_back,
        "set_catalogue_mode": catalogue.set_mode,
    }


handler = answering("manage", compose)
