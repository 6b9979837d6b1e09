"""Runs export jobs, one message of the queue at a time."""

import time
from functools import cache

from daybook.aws.bucket import FileBucket
from daybook.aws.clients import deployment_secret, dynamodb, s3, sqs
from daybook.aws.control_table.catalogues import CatalogueTable
from daybook.aws.control_table.groups import GroupTable
from daybook.aws.control_table.jobs import JobTable
from daybook.aws.control_table.tenants import ControlTable
from daybook.aws.events_table.indexes import EventIndexes
from daybook.aws.identities_table.rows import IdentityTable
from daybook.aws.job_queue import SqsJobQueue
from daybook.catalogue.tenant_catalogue import Catalogues
from daybook.clock import system_clock
from daybook.crypto.keys import DeploymentKeys
from daybook.environment import ExportSettings
from daybook.jobs.runner import Runner
from daybook.jobs.worker import job_handler
from daybook.people.key_cache import PersonKeys
from exports.context import ExportServices
from exports.work import ExportWork


@cache
def compose() -> Runner:
    settings = ExportSettings.from_environment()
    client = dynamodb()
    identities = IdentityTable(client, settings.identities_table)
    services = ExportServices(
        control=ControlTable(client, settings.control_table),
        catalogues=Catalogues(CatalogueTable(client, settings.control_table)),
        index=EventIndexes(client, settings.events_table),
        identities=identities,
        groups=GroupTable(client, settings.control_table, system_clock),
        person_keys=PersonKeys(identities.read, system_clock),
        keys=DeploymentKeys.from_secret(deployment_secret(settings.secret_arn)),
        files=FileBucket(s3(), settings.export_bucket),
        clock=system_clock,
        pause=time.sleep,
    )
    queue = SqsJobQueue(sqs(), settings.export_queue)
    return Runner(JobTable(client, settings.control_table), queue, ExportWork(services), system_clock)


handler = job_handler(compose)
