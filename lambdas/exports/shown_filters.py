"""The filters of exports as lists show them: people, who are kept as GUIDs, by their latest names."""

from collections.abc import Mapping, Sequence

from daybook.jobs.job import Job
from daybook.people.latest_names import latest_names
from daybook.people.lookup import GUID, IdentityReader
from daybook.tenants.settings import TenantSettings

MAX_PEOPLE = 500
"""So many are looked up for one answer; further ones stay GUIDs."""


def shown_filters(identities: IdentityReader, settings: TenantSettings, jobs: Sequence[Job]) -> Mapping[str, list[str]]:
    """By the id of the export, sorted. Of free text there is only the filter's name."""
    found = dict.fromkeys(
        (job.ask["environment"], guid) for job in jobs for text in job.ask["filters"] for guid in GUID.findall(text)
    )
    named = list(found)[:MAX_PEOPLE]
    names: dict[str, str] = {}
    for environment in {environment for environment, _ in named}:
        some = [guid for its, guid in named if its == environment]
        names |= latest_names(identities, settings.environment_key(environment), some)
    return {
        job.id: sorted(GUID.sub(lambda found: names.get(found[0], found[0]), text) for text in job.ask["filters"])
        for job in jobs
    }
