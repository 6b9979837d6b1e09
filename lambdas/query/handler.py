"""The reading routes: translates between the gateway and `operations`."""

import os
from collections.abc import Mapping
from functools import cache

from daybook.aws.clients import deployment_secret, dynamodb
from daybook.aws.control_table.catalogues import CatalogueTable
from daybook.aws.control_table.groups import GroupTable
from daybook.aws.control_table.tenants import ControlTable
from daybook.aws.events_table.append import EventTable
from daybook.aws.events_table.indexes import EventIndexes
from daybook.aws.identities_table.rows import IdentityTable
from daybook.catalogue.tenant_catalogue import Catalogues
from daybook.clock import system_clock
from daybook.crypto.keys import DeploymentKeys
from daybook.environment import Settings
from daybook.http.serve import Operation, answering
from daybook.people.key_cache import PersonKeys
from daybook.search.search import Search
from daybook.self_audit.recorder import Recorder
from query.operations import Reads


@cache
def compose() -> Mapping[str, Operation]:
    settings = Settings.from_environment()
    client = dynamodb()
    keys = DeploymentKeys.from_secret(deployment_secret(settings.secret_arn))
    identities = IdentityTable(client, settings.identities_table)
    events = EventTable(client, settings.events_table)
    person_keys = PersonKeys(identities.read, system_clock)
    reads = Reads(
        control=ControlTable(client, settings.control_table),
        catalogues=Catalogues(CatalogueTable(client, settings.control_table)),
        search=Search(
            EventIndexes(client, settings.events_table),
            identities,
            GroupTable(client, settings.control_table, system_clock),
            person_keys,
            keys,
            system_clock,
        ),
        events=events,
        identities=identities,
        person_keys=person_keys,
        recorder=Recorder(events, keys, system_clock, os.urandom),
        clock=system_clock,
    )
    return operations(reads)


def operations(reads: Reads) -> Mapping[str, Operation]:
    return {
        "search_events": reads.search_events,
        "read_event": reads.read_event,
        "read_catalogue": reads.read_catalogue,
        "read_target": reads.read_target,
        "read_target_time": reads.read_target_time,
        "read_target_attribution": reads.read_target_attribution,
    }


handler = answering("query", compose)
