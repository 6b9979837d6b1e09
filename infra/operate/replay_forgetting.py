"""Forgets people again who have come back with a restored identities table:
`python -m infra.operate.replay_forgetting --identities RESTORED --old USED --events NAME --control NAME --secret ARN`.

A point-in-time restore brings back the keys of people who were forgotten after the restore point. The log says who they
are: each tenant's events `audit-log.person-forgotten` name their GUIDs. The command carries out each of them again,
with its original time. Running it twice, or on the table in use, changes nothing. The table's recovery window is
shorter than the shortest retention, so none of these events has expired when it is needed.

People who were both first seen and forgotten after the restore point are not in the restored table. Only the old
table's tombstones know their names, so those are copied first.

Point the functions at the restored table only after this command has succeeded.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from daybook.aws.control_table.tenants import ControlTable
from daybook.aws.events_table.indexes import EventIndexes
from daybook.aws.identities_table.erase import ForgettingTable
from daybook.catalogue.profile import OWN_ACTIVITIES, profile
from daybook.crypto.keys import DeploymentKeys
from daybook.events.item import partition
from daybook.events.reader import Row, content_of
from daybook.ids import lowest_id, neighbour
from daybook.people.forgetter import Forgetter, Mark, Stone, mark_of, no_sweep
from daybook.people.tombstones import LASTS, gone_of
from daybook.search.merge import LARGEST_FETCH
from daybook.search.planner import Source
from daybook.tenant import EnvironmentKey
from infra.operate.aws import Clients, clients, secret_value, which_deployment
from infra.operate.failures import in_sentences
from infra.operate.tables import control_table, identities_table

_BY_ACTIVITY = "by_activity"
_FIRST, _LAST = lowest_id(0), neighbour(lowest_id((1 << 50) - 1), (1 << 128) - 1)


class Replayed(NamedTuple):
    people: int
    """How many people were ever forgotten, as far as the log goes back."""
    returned: int
    """How many of them the table still held."""


def replay(
    events: EventIndexes,
    control: ControlTable,
    people: ForgettingTable,
    keys: DeploymentKeys,
    old: ForgettingTable | None = None,
) -> Replayed:
    """`old`: the table that was in use before, if it still exists. Raises `ConcurrentChange` and `Throttled`."""
    everybody = returned = 0
    for listed in control.tenants():
        settings = control.settings_of(listed.code)
        forgetter = Forgetter(people, keys.of(settings.code, settings.secret), no_sweep)
        longest = profile(settings.profile).retention.longest_days
        for environment in settings.environment_keys:
            if old is not None:
                _copy_tombstones(old, people, environment)
            # A person is recorded twice if the first try broke off; the later event is the one that counts.
            forgotten: dict[str, str] = {}
            for row in _recorded(events, environment, settings.layouts[-1].shards):
                guid = content_of(row.packed)["params"]["actor_id"]
                forgotten[guid] = max(row.id, forgotten.get(guid, ""))
            everybody += len(forgotten)
            for guid, event_id in forgotten.items():
                if forgetter.has_rows(environment, guid):
                    returned += 1
                    forgetter.forget(environment, mark_of(guid, event_id, longest))
    return Replayed(everybody, returned)


def _copy_tombstones(old: ForgettingTable, people: ForgettingTable, environment: EnvironmentKey) -> None:
    for sort_key, row in old.tombstones(environment):
        for guid, gone in gone_of(row).items():
            stone = {sort_key: Stone(str(gone))}
            people.erase(environment, (), stone, Mark(guid, gone.event_id, row.get(LASTS)))


def _recorded(events: EventIndexes, environment: EnvironmentKey, shards: int) -> Iterator[Row]:
    """An environment's events of forgetting, in no particular order."""
    for shard in range(shards):
        key = f"{partition(environment, shard)}#{OWN_ACTIVITIES}person-forgotten"
        low, ended = _FIRST, False
        while not ended:
            (page,) = events.pages([Source(_BY_ACTIVITY, key, low, _LAST)], LARGEST_FETCH, newest_first=False)
            yield from page.rows
            ended = page.ended
            low = neighbour(page.rows[-1].id, 1) if page.rows else low


@in_sentences("Nothing may read from the restored table yet.")
def main(
    arguments: Sequence[str],
    *,
    connect: Callable[[argparse.Namespace], Clients] = clients,
    read_secret: Callable[[Clients, str], bytes] = secret_value,
) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m infra.operate.replay_forgetting",
        parents=[which_deployment()],
        description="Forgets people again who have come back with a restored identities table. Run it before anything"
        " reads from the table.",
        epilog="What a restore loses: people who were first seen after the restore point. Their keys are in no table,"
        " so their events show them as forgotten, and their names will mean new people. Switch on point-in-time"
        " recovery of the restored table only after this command has succeeded: otherwise the table's backups hold the"
        " keys that it deletes.",
    )
    parser.add_argument("--identities", required=True, help="the restored table's name")
    parser.add_argument("--old", help="the name of the table that was in use before, if it still exists")
    parser.add_argument("--events", required=True, help="the events table's name, an output of the storage stack")
    parser.add_argument("--control", required=True, help="the control table's name, an output of the storage stack")
    parser.add_argument("--secret", required=True, help="the ARN of the deployment's secret")
    options = parser.parse_args(arguments)
    aws = connect(options)
    client = aws("dynamodb")
    done = replay(
        EventIndexes(client, options.events),
        control_table(client, options.control),
        identities_table(client, options.identities),
        DeploymentKeys(read_secret(aws, options.secret)),
        identities_table(client, options.old) if options.old else None,
    )
    sys.stdout.write(
        f"{done.people} people had been forgotten. {done.returned} of them had come back and are forgotten again.\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
