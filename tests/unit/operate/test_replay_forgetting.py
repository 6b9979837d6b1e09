"""After a restore, people are forgotten again as the log recorded it."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from daybook.events.canonical import canonical
from daybook.events.item import partition
from daybook.events.packing import pack
from daybook.events.reader import Row
from daybook.ids import event_id
from daybook.people.forgetter import Forgetter, no_sweep
from daybook.people.identities import Reference
from daybook.people.resolver import Identities
from daybook.search.merge import Page
from daybook.search.planner import Source
from daybook.tenant import code_of
from daybook.tenants.settings import Layout
from infra.operate import replay_forgetting
from infra.operate.replay_forgetting import Replayed, replay
from tests.support.ingest import KEYS, NOW, seeded_bytes, settings
from tests.support.memory_stores import MemoryIdentities

KEY = settings().environment_key("test")
SHARDS = range(3)


class Log:
    """Events of forgetting, by partition."""

    def __init__(self, rows: dict[str, list[Row]]) -> None:
        self._rows = rows

    def pages(self, sources: Sequence[Source], _limit: int, *, newest_first: bool) -> list[Page]:
        assert not newest_first
        return [Page(self._rows.get(source.key, []), ended=True) for source in sources]


@pytest.mark.parametrize("latest", SHARDS)
def test_the_latest_event_counts_in_whichever_partition(latest: int) -> None:
    """A person may be recorded several times. The partitions are not read in the order of the events."""
    store = MemoryIdentities()
    (person,) = (
        Identities(store, seeded_bytes()).resolve(KEY, [Reference("u1", "mike")], KEYS.of(code_of(KEY))).values()
    )
    content = {"v": 1, "params": {"actor_id": person.guid}}
    moments = [NOW - 9 - shard for shard in SHARDS]
    moments[latest] = NOW
    rows = {
        f"{partition(KEY, shard)}#audit-log.person-forgotten": [
            Row(event_id(moments[shard], bytes(16)), pack(canonical(content)))
        ]
        for shard in SHARDS
    }
    tenant = settings(layouts=(Layout(0, 1), Layout(NOW - 5, 3)))
    control = SimpleNamespace(tenants=lambda: [tenant], settings_of={tenant.code: tenant}.__getitem__)
    given: list[Any] = [Log(rows), control, store, KEYS]
    assert replay(*given) == Replayed(people=1, returned=1)
    assert Forgetter(store, KEYS.of(code_of(KEY)), no_sweep).forgetting_event(KEY, person.guid) == event_id(
        NOW, bytes(16)
    )
    assert replay(*given) == Replayed(people=1, returned=0)


def test_the_command_says_what_a_restore_loses(capsys: pytest.CaptureFixture[str]) -> None:
    """It also says what must wait until the command has succeeded."""
    with pytest.raises(SystemExit):
        replay_forgetting.main(["--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "first seen after the restore point" in said
    assert "Switch on point-in-time recovery of the restored table only after" in said
