"""Customers' streams in the settings. A function of its own, because it may assume customers' roles."""

from collections.abc import Mapping
from functools import cache

from daybook.aws.wiring import Wiring
from daybook.environment import StreamsSettings
from daybook.http.serve import Operation, answering
from daybook.jobs.job import JobQueue
from streams.operations import Publishing


@cache
def compose() -> Mapping[str, Operation]:
    settings = StreamsSettings.from_environment()
    wiring = Wiring.deployed(settings)
    return operations(wiring, wiring.job_queue(settings.replay_queue_url))


def operations(wiring: Wiring, replays: JobQueue) -> Mapping[str, Operation]:
    publishing = Publishing(
        settings=wiring.control,
        destinations=wiring.destinations,
        events=wiring.inserted,
        records=wiring.records,
        courier=wiring.sender,
        recorder=wiring.recorder,
        jobs=wiring.jobs,
        queue=replays,
        external_id_key=wiring.keys.external_id,
        clock=wiring.clock,
        random_bytes=wiring.random_bytes,
    )
    return {
        "read_stream": publishing.read,
        "set_stream": publishing.set,
        "remove_stream": publishing.remove,
        "test_stream": publishing.test,
        "replay_stream": publishing.replay,
    }


handler = answering("streams", compose)
