"""Runs export jobs, one message of the queue at a time."""

import time
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from daybook.aws.wiring import Wiring
from daybook.environment import ExportWorkerSettings
from daybook.jobs.runner import Runner
from daybook.jobs.worker import job_handler
from exports.context import ExportServices
from exports.files import Files
from exports.work import ExportWork

if TYPE_CHECKING:
    from daybook.ledger.logs import Log
    from daybook.ledger.signing import AskToSign


@cache
def compose() -> Runner:
    settings = ExportWorkerSettings.from_environment()
    wiring = Wiring.deployed(settings)
    ask_to_sign = _asking(wiring, settings.sign_queue_url)
    work = ExportWork(services_over(wiring, wiring.files(settings.export_bucket), ask_to_sign, time.sleep))
    return Runner(wiring.jobs, wiring.job_queue(settings.export_queue), wiring.charged(work), wiring.clock)


def services_over(
    wiring: Wiring, files: Files, ask_to_sign: "Callable[[Log, int], None]", pause: Callable[[float], None]
) -> ExportServices:
    return ExportServices(
        control=wiring.control,
        catalogues=wiring.catalogues,
        stores_of=wiring.of_tenant,
        groups=wiring.groups,
        keys=wiring.keys,
        files=files,
        clock=wiring.clock,
        pause=pause,
        ask_to_sign=ask_to_sign,
    )


def _asking(wiring: Wiring, queue_url: str) -> "Callable[[Log, int], None]":
    @cache
    def asking() -> "AskToSign":
        from daybook.ledger.signing import AskToSign  # noqa: PLC0415  only where evidence is asked for

        return AskToSign(wiring.sign_queue(queue_url), wiring.clock)

    def ask(log: "Log", size: int) -> None:
        asking()(log, size)

    return ask


handler = job_handler(compose)
