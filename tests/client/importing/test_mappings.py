"""Each ready mapping makes of its product's documented records the events that stand beside them."""

import gzip
import json
from pathlib import Path

import pytest

from daybook_client.importing import dry_run, load_mapping, mapping_names
from tests.client.importing.page import PAGE, page
from tests.client.importing.samples import expected, mapped, report_of, sample_files

PRODUCTS = {"cloudtrail", "github", "gitlab", "okta", "workos", "retraced", "kubernetes", "ocsf"}
OWN = {"carear", "symbee", "jiffy", "enate", "chat"}


def test_every_product_has_its_mapping() -> None:
    """Eight other logs, and the exports of Daybook's five products."""
    assert set(mapping_names()) == PRODUCTS | OWN


@pytest.mark.parametrize("name", mapping_names())
def test_records_become_the_expected_events(name: str) -> None:
    """In full: every field, every parameter, the ids, what is skipped. None of the samples is rejected."""
    found = mapped(name)
    assert found == expected(name)
    assert sum(len(each["events"]) for each in found.values()) >= 4
    assert not any(each["rejects"] for each in found.values())


@pytest.mark.parametrize("name", mapping_names())
def test_no_value_of_the_records_is_lost(name: str) -> None:
    """The samples fit into the limits: nothing is without a place, and nothing is cut."""
    report = report_of(name)
    assert not report.unplaced
    assert not report.cut
    assert report.mapped + sum(report.skipped.values()) == report.records


@pytest.mark.parametrize("name", mapping_names())
def test_a_packed_file_gives_the_same_events(name: str, tmp_path: Path) -> None:
    """Ids too, so that files may be imported before and after they are packed."""
    for path in sample_files(name):
        packed = tmp_path / f"{path.name}.gz"
        packed.write_bytes(gzip.compress(path.read_bytes()))
        assert dry_run([packed], load_mapping(name), first=1_000).events == expected(name)[path.name]["events"]


def test_the_page_says_what_the_mappings_do() -> None:
    """`docs/reference/imports.md` is what `python -m tests.client.importing.page` writes."""
    assert PAGE.read_text(encoding="utf-8") == page()


def test_an_agent_of_github_is_no_person(tmp_path: Path) -> None:
    """GitHub names it beside bots."""
    record = {"@timestamp": 1_700_000_000_000, "action": "pull_request.create", "actor": "h", "actor_is_agent": True}
    path = tmp_path / "f"
    path.write_text(json.dumps(record))
    [event] = dry_run([path], load_mapping("github")).events
    assert event["actor"] == {"type": "api", "username": "h"}
