"""Writes exports, one message of the queue at a time."""

import time
from functools import cache

from daybook.aws.catalogues import CatalogueTable
from daybook.aws.clients import deployment_secret, dynamodb, s3, sqs
from daybook.aws.control import ControlTable
from daybook.aws.event_index import EventIndexes
from daybook.aws.files import FileBucket
from daybook.aws.groups import GroupTable
from daybook.aws.identities import IdentityTable
from daybook.aws.job_queue import SqsJobQueue
from daybook.aws.jobs import JobTable
from daybook.clock import system_clock
from daybook.derivation import DeploymentKeys
from daybook.reading.person_keys import PersonKeys
from daybook.running import Runner
from daybook.settings import ExportSettings
from daybook.tenant_catalogue import Catalogues
from daybook.working import working
from export.exporting import Exporting


@cache
def compose() -> Runner:
    settings = ExportSettings.from_environment()
    client = dynamodb()
    identities = IdentityTable(client, settings.identities_table)
    exporting = Exporting(
        control=ControlTable(client, settings.control_table),
        catalogues=Catalogues(CatalogueTable(client, settings.control_table)),
        index=EventIndexes(dynamodb(), settings.events_table, own_client=True),
        identities=identities,
        groups=GroupTable(client, settings.control_table, system_clock),
        person_keys=PersonKeys(identities.read, system_clock),
        keys=DeploymentKeys.from_secret(deployment_secret(settings.secret_arn)),
        files=FileBucket(s3(), settings.export_bucket),
        clock=system_clock,
        pause=time.sleep,
    )
    queue = SqsJobQueue(sqs(), settings.export_queue)
    return Runner(JobTable(client, settings.control_table), queue, exporting, system_clock)


handler = working(compose)
