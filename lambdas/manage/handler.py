"""What a tenant's admins manage: settings, catalogue, groups and people. Translates routes to operations."""

import os
from collections.abc import Mapping
from functools import cache

from daybook.aws.clients import deployment_secret, dynamodb, sqs
from daybook.aws.control_table.catalogues import CatalogueTable
from daybook.aws.control_table.groups import GroupTable
from daybook.aws.control_table.jobs import JobTable
from daybook.aws.control_table.tenants import ControlTable
from daybook.aws.events_table.append import EventTable
from daybook.aws.identities_table.rows import IdentityTable
from daybook.aws.job_queue import SqsJobQueue
from daybook.catalogue.tenant_catalogue import Catalogues
from daybook.clock import system_clock
from daybook.crypto.keys import DeploymentKeys
from daybook.environment import ManageSettings
from daybook.http.serve import Operation, answering
from daybook.people.resolver import Identities
from daybook.self_audit.recorder import Recorder, record_by
from manage.actors import ActorOperations
from manage.catalogue import CatalogueOperations
from manage.groups import GroupOperations
from manage.retention import RetentionOperations


@cache
def compose() -> Mapping[str, Operation]:
    settings = ManageSettings.from_environment()
    client = dynamodb()
    keys = DeploymentKeys.from_secret(deployment_secret(settings.secret_arn))
    record = record_by(Recorder(EventTable(client, settings.events_table), keys, system_clock, os.urandom))
    control = ControlTable(client, settings.control_table)
    people = IdentityTable(client, settings.identities_table)
    activities = CatalogueTable(client, settings.control_table)
    return operations(
        ActorOperations(control, people),
        GroupOperations(
            control,
            GroupTable(client, settings.control_table, system_clock),
            people,
            lambda store: Identities(store, os.urandom),
            record,
        ),
        CatalogueOperations(control, activities, Catalogues(activities), record),
        RetentionOperations(
            store=control,
            jobs=JobTable(client, settings.control_table),
            queue=SqsJobQueue(sqs(), settings.restamp_queue_url),
            record=record,
            keys=keys,
            clock=system_clock,
            random_bytes=os.urandom,
        ),
    )


def operations(
    actors: ActorOperations, groups: GroupOperations, catalogue: CatalogueOperations, retention: RetentionOperations
) -> Mapping[str, Operation]:
    return {
        "list_actors": actors.list,
        "list_groups": groups.list_names,
        "read_group": groups.read,
        "put_group": groups.put,
        "remove_group": groups.remove,
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
