"""Runs export jobs, one message of the queue at a time."""

import time
from collections.abc import Callable
from functools import cache

from daybook.aws.wiring import Wiring
from daybook.environment import ExportSettings
from daybook.jobs.runner import Runner
from daybook.jobs.worker import job_handler
from exports.context import ExportServices
from exports.files import Files
from exports.work import ExportWork


@cache
def compose() -> Runner:
    settings = ExportSettings.from_environment()
    wiring = Wiring.deployed(settings)
    work = ExportWork(services_over(wiring, wiring.files(settings.export_bucket), time.sleep))
    return Runner(wiring.jobs, wiring.job_queue(settings.export_queue), wiring.charged(work), wiring.clock)


def services_over(wiring: Wiring, files: Files, pause: Callable[[float], None]) -> ExportServices:
    return ExportServices(
        control=wiring.control,
        catalogues=wiring.catalogues,
        stores_of=wiring.of_tenant,
        groups=wiring.groups,
        keys=wiring.keys,
        files=files,
        clock=wiring.clock,
        pause=pause,
    )


handler = job_handler(compose)
