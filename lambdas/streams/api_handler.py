"""The routes for customers' streams. They have their own function, because it may assume customers' roles."""

from collections.abc import Mapping
from functools import cache

from daybook.aws.wiring import Wiring
from daybook.environment import StreamsSettings
from daybook.http.serve import Operation, answering
from daybook.jobs.store import JobQueue
from streams.operations import StreamOperations


@cache
def compose() -> Mapping[str, Operation]:
    settings = StreamsSettings.from_environment()
    wiring = Wiring.deployed(settings)
    return wiring.gate.reads(operations(wiring, wiring.job_queue(settings.replay_queue_url)))


def operations(wiring: Wiring, replays: JobQueue) -> Mapping[str, Operation]:
    streams = StreamOperations(
        settings=wiring.control,
        destinations=wiring.destinations,
        parked=wiring.parked,
        drains=wiring.drains,
        events=wiring.inserted,
        records=wiring.records,
        sender=wiring.sender,
        recorder=wiring.recorder,
        jobs=wiring.jobs,
        queue=replays,
        keys=wiring.keys,
        clock=wiring.clock,
        random_bytes=wiring.random_bytes,
    )
    return {
        "read_stream": streams.read,
        "set_stream": streams.set,
        "remove_stream": streams.remove,
        "test_stream": streams.test,
        "replay_stream": streams.replay,
    }


handler = answering("streams", compose)
