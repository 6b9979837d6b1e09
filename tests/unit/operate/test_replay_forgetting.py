"""After a restore, people are forgotten again as the log recorded it."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from daybook.events.canonical import canonical
from daybook.events.packing import pack
from daybook.events.reader import Row
from daybook.ids import event_id
from daybook.people.forgetter import Forgetter, no_sweep
from daybook.people.identities import Reference
from daybook.people.resolver import Identities
from daybook.search.merge import Page
from daybook.search.planner import Source
from daybook.tenant import Tenant
from daybook.tenants.settings import Layout
from infra.operate import replay_forgetting
from infra.operate.replay_forgetting import Replayed, replay
from tests.support.ingest import KEYS, NOW, seeded_bytes, settings
from tests.support.memory_stores import MemoryIdentities

ACME = Tenant("acme")
PLACES = [(environment, shard) for environment in ("prod", "test") for shard in range(3)]


class Log:
    """Events of forgetting, by partition."""

    def __init__(self, rows: dict[str, list[Row]]) -> None:
        self._rows = rows

    def pages(self, sources: Sequence[Source], _limit: int, *, newest_first: bool) -> list[Page]:
        assert not newest_first
        return [Page(self._rows.get(source.key, []), ended=True) for source in sources]


@pytest.mark.parametrize("latest", range(len(PLACES)))
def test_the_latest_event_counts_in_whichever_partition(latest: int) -> None:
    """A person may be recorded several times. The partitions are not read in the order of the events."""
    store = MemoryIdentities()
    (person,) = Identities(store, seeded_bytes()).resolve(ACME, [Reference("u1", "mike")]).values()
    content = {"v": 1, "params": {"actor_id": person.guid}}
    moments = {place: NOW - 9 - number for number, place in enumerate(PLACES)}
    moments[PLACES[latest]] = NOW
    rows = {
        f"acme#{environment}#{shard}#audit-log.person-forgotten": [
            Row(event_id(moments[environment, shard], bytes(16)), pack(canonical(content)))
        ]
        for environment, shard in PLACES
    }
    control = SimpleNamespace(tenants=lambda: [settings(layouts=(Layout(0, 1), Layout(NOW - 5, 3)))])
    given: list[Any] = [Log(rows), control, store, KEYS]
    assert replay(*given) == Replayed(people=1, returned=1)
    assert Forgetter(store, KEYS.gone, no_sweep).forgetting_event(ACME, person.guid) == event_id(NOW, bytes(16))
    assert replay(*given) == Replayed(people=1, returned=0)


def test_the_command_says_what_a_restore_loses(capsys: pytest.CaptureFixture[str]) -> None:
    """It also says what must wait until the command has succeeded."""
    with pytest.raises(SystemExit):
        replay_forgetting.main(["--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "first seen after the restore point" in said
    assert "Switch on point-in-time recovery of the restored table only after" in said
