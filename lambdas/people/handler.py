"""People and their groups: the route table's operations, put to what does them."""

import os
from collections.abc import Mapping
from functools import cache

from daybook.aws.clients import deployment_secret, dynamodb
from daybook.aws.control import ControlTable
from daybook.aws.events import EventTable
from daybook.aws.groups import GroupTable
from daybook.aws.identities import IdentityTable
from daybook.clock import system_clock
from daybook.derivation import DeploymentKeys
from daybook.http import Operation, answering
from daybook.recording import Recorder, record_by
from daybook.resolving import Identities
from daybook.settings import Settings
from people.grouping import Grouping
from people.picking import Picking


@cache
def compose() -> Mapping[str, Operation]:
    settings = Settings.from_environment()
    client = dynamodb()
    keys = DeploymentKeys.from_secret(deployment_secret(settings.secret_arn))
    record = record_by(Recorder(EventTable(client, settings.events_table), keys, system_clock, os.urandom))
    control = ControlTable(client, settings.control_table)
    people = IdentityTable(client, settings.identities_table)
    groups = GroupTable(client, settings.control_table, system_clock)
    grouping = Grouping(control, groups, people, lambda store: Identities(store, os.urandom), record)
    return operations(Picking(control, people), grouping)


def operations(picking: Picking, grouping: Grouping) -> Mapping[str, Operation]:
    return {
        "list_actors": picking.list,
        "list_groups": grouping.list_names,
        "read_group": grouping.read,
        "put_group": grouping.put,
        "remove_group": grouping.remove,
    }


handler = answering("people", compose)
