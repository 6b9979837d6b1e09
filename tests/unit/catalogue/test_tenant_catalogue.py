"""The cache of catalogues: each is kept until it changes, and only a limited number of tenants' are kept."""

from benchmarks.typical import SLUGS, code_for
from daybook.catalogue.profile import uncatalogued
from daybook.catalogue.tenant_catalogue import MAX_KEPT, Catalogues, OwnActivity
from daybook.tenant import Tenant, TenantCode
from tests.support.ingest import settings


class Counted:
    """One own activity for each tenant, and how often each was asked for."""

    def __init__(self) -> None:
        self.asked: list[TenantCode] = []

    def own_activities(self, tenant: TenantCode) -> dict[str, OwnActivity]:
        self.asked.append(tenant)
        return {"own.one": OwnActivity(uncatalogued("own.one"), (SLUGS[tenant],))}


def asked_for(catalogues: Catalogues, number: int, version: int = 1) -> None:
    tenant = Tenant(f"tenant-{number}")
    catalogue = catalogues.of(settings("generic", tenant=tenant, catalogue_version=version))
    assert catalogue.activities_in({tenant}) == ["own.one"]


def test_a_catalogue_is_read_once_a_version() -> None:
    """However often it is asked for."""
    store = Counted()
    catalogues = Catalogues(store)
    for version in (1, 1, 2, 2, 2):
        asked_for(catalogues, 0, version)
    assert len(store.asked) == 2


def test_the_most_recently_used_are_kept() -> None:
    """256 of them, by their last use."""
    store = Counted()
    catalogues = Catalogues(store)
    for number in range(MAX_KEPT):
        asked_for(catalogues, number)
    asked_for(catalogues, 0)
    asked_for(catalogues, MAX_KEPT)
    store.asked.clear()
    for number in (0, 2, MAX_KEPT):
        asked_for(catalogues, number)
    assert store.asked == []
    asked_for(catalogues, 1)
    assert store.asked == [code_for("tenant-1")]
