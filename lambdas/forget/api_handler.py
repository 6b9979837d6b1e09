"""The route that forgets a person. Only this function's and the sweep's role may delete from the identities table."""

from collections.abc import Mapping
from functools import cache

from daybook.aws.wiring import Wiring
from daybook.environment import ForgetSettings
from daybook.http.serve import Operation, answering
from daybook.jobs.store import JobQueue
from daybook.jobs.sweep import Sweeps
from daybook.people.forgetter import Forgetter
from forget.operations import ForgetOperations


@cache
def compose() -> Mapping[str, Operation]:
    settings = ForgetSettings.from_environment()
    wiring = Wiring.deployed(settings)
    return operations(wiring, wiring.job_queue(settings.sweep_queue_url))


def operations(wiring: Wiring, sweep_queue: JobQueue) -> Mapping[str, Operation]:
    sweeps = Sweeps(wiring.jobs, sweep_queue, wiring.keys, wiring.clock, wiring.random_bytes)
    forget = ForgetOperations(
        control=wiring.control,
        people=wiring.forgetting,
        forgetter=lambda settings: Forgetter(
            wiring.forgetting, wiring.keys.of(settings.code, settings.secret), sweeps.ask_for
        ),
        jobs=wiring.jobs,
        recorder=wiring.recorder,
        clock=wiring.clock,
    )
    return {"forget_person": forget.forget_person}


handler = answering("forget", compose)
