"""Forgetting a person. Only this function's role may delete from the identities table besides the sweep's."""

from collections.abc import Mapping
from functools import cache

from daybook.aws.wiring import Wiring
from daybook.environment import ForgetSettings
from daybook.http.serve import Operation, answering
from daybook.jobs.job import JobQueue
from daybook.jobs.sweep import Sweeps
from daybook.people.forgetter import Forgetter
from forget.operations import RightToBeForgotten


@cache
def compose() -> Mapping[str, Operation]:
    settings = ForgetSettings.from_environment()
    wiring = Wiring.deployed(settings)
    return operations(wiring, wiring.job_queue(settings.sweep_queue_url))


def operations(wiring: Wiring, sweep_queue: JobQueue) -> Mapping[str, Operation]:
    sweeps = Sweeps(wiring.jobs, sweep_queue, wiring.keys, wiring.clock, wiring.random_bytes)
    right = RightToBeForgotten(
        control=wiring.control,
        people=wiring.forgetting,
        forgetter=Forgetter(wiring.forgetting, wiring.keys.gone, sweeps.ask_for),
        jobs=wiring.jobs,
        recorder=wiring.recorder,
        clock=wiring.clock,
    )
    return {"forget_person": right.exercise}


handler = answering("forget", compose)
