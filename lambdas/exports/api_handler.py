"""The API of exports and jobs."""

import os
from collections.abc import Mapping
from functools import cache

from daybook.aws.bucket import FileBucket
from daybook.aws.clients import deployment_secret, dynamodb, s3, sqs
from daybook.aws.control_table.catalogues import CatalogueTable
from daybook.aws.control_table.groups import GroupTable
from daybook.aws.control_table.jobs import JobTable
from daybook.aws.control_table.tenants import ControlTable
from daybook.aws.events_table.append import EventTable
from daybook.aws.identities_table.rows import IdentityTable
from daybook.aws.job_queue import SqsJobQueue
from daybook.catalogue.tenant_catalogue import Catalogues
from daybook.clock import system_clock
from daybook.crypto.keys import DeploymentKeys
from daybook.environment import ExportSettings
from daybook.http.serve import Operation, answering
from daybook.people.key_cache import PersonKeys
from daybook.self_audit.recorder import Recorder
from exports.create import ExportCreation
from exports.operations import Exports


@cache
def compose() -> Mapping[str, Operation]:
    settings = ExportSettings.from_environment()
    client = dynamodb()
    keys = DeploymentKeys.from_secret(deployment_secret(settings.secret_arn))
    control = ControlTable(client, settings.control_table)
    jobs = JobTable(client, settings.control_table)
    identities = IdentityTable(client, settings.identities_table)
    recorder = Recorder(EventTable(client, settings.events_table), keys, system_clock, os.urandom)
    asking = ExportCreation(
        control=control,
        catalogues=Catalogues(CatalogueTable(client, settings.control_table)),
        jobs=jobs,
        queue=SqsJobQueue(sqs(), settings.export_queue),
        identities=identities,
        groups=GroupTable(client, settings.control_table, system_clock),
        person_keys=PersonKeys(identities.read, system_clock),
        recorder=recorder,
        keys=keys,
        clock=system_clock,
        random_bytes=os.urandom,
    )
    files = FileBucket(s3(), settings.export_bucket)
    return operations(Exports(control, jobs, files, asking, recorder, system_clock))


def operations(exports: Exports) -> Mapping[str, Operation]:
    return {
        "create_export": exports.create,
        "list_exports": exports.list_all,
        "read_export": exports.read,
        "cancel_export": exports.cancel,
        "read_job": exports.read_job,
    }


handler = answering("exports", compose)
