"""The API of exports and jobs. Translates routes to operations."""

from collections.abc import Mapping
from functools import cache

from daybook.aws.wiring import Wiring
from daybook.environment import ExportApiSettings
from daybook.http.serve import Operation, answering
from daybook.jobs.store import JobQueue
from exports.create import ExportCreation
from exports.operations import Exports, Files, Links


@cache
def compose() -> Mapping[str, Operation]:
    settings = ExportApiSettings.from_environment()
    wiring = Wiring.deployed(settings)
    queue, files = wiring.job_queue(settings.export_queue), wiring.files(settings.export_bucket)
    links = wiring.download_links(settings.download_role_arn, settings.export_bucket)
    return wiring.gate.reads(operations(wiring, queue, files, links))


def operations(wiring: Wiring, queue: JobQueue, files: Files, links: Links) -> Mapping[str, Operation]:
    creation = ExportCreation(
        control=wiring.control,
        catalogues=wiring.catalogues,
        jobs=wiring.jobs,
        queue=queue,
        stores_of=wiring.of_tenant,
        groups=wiring.groups,
        keys=wiring.keys,
        clock=wiring.clock,
        random_bytes=wiring.random_bytes,
    )
    exports = Exports(wiring.control, wiring.jobs, queue, files, links, creation, wiring.of_tenant, wiring.clock)
    return {
        "create_export": exports.create,
        "list_exports": exports.list_all,
        "read_export": exports.read,
        "cancel_export": exports.cancel,
        "list_jobs": exports.list_jobs,
        "read_job": exports.read_job,
    }


handler = answering("exports", compose)
