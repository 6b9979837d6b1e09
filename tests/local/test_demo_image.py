"""A second start finds the same demo already in the tables."""

from pathlib import Path

import pytest

from infra.local.demo_image import DemoImage
from tests.support.running_daybook import LocalDaybook, running_daybook


def _timeline(local_daybook: LocalDaybook, tenant: str) -> list[str]:
    with local_daybook.client(local_daybook.operations_key, **{"Daybook-Tenant": tenant}) as client:
        answer = client.get("/v1/events", params={"limit": 500, "category": "Chats"})
    assert answer.status_code == 200, answer.text
    return [event["id"] for event in answer.json()["events"]]


def _demo_keys(local_daybook: LocalDaybook) -> set[str]:
    return {line.split()[1] for line in local_daybook.printed if line.split()[0] in ("admin", "auditor", "producer")}


@pytest.mark.long
@pytest.mark.nightly
def test_a_second_start_has_the_same_demo_and_other_keys(tmp_path: Path) -> None:
    """Names are readable, so the first start's secret is used. The keys that the first start printed no longer work."""
    with running_daybook(tmp_path, DAYBOOK_DEMO="1") as first:
        found, keys = _timeline(first, "chat-demo"), _demo_keys(first)
    assert len(found) > 50
    assert len(keys) == 15
    with running_daybook(tmp_path, DAYBOOK_DEMO="1") as second:
        assert _timeline(second, "chat-demo")[-len(found) :] == found
        with second.client(second.operations_key, **{"Daybook-Tenant": "chat-demo"}) as client:
            (newest, *_) = client.get("/v1/events", params={"limit": 1, "category": "Chats"}).json()["events"]
            assert newest["actor"]["username"]
        assert not keys & _demo_keys(second)
        for credential in (*keys, first.operations_key):
            with second.client(credential) as client:
                assert client.get("/v1/events").status_code in (401, 403)


def test_an_image_of_other_code_is_none(tmp_path: Path) -> None:
    """A file that is not an image is ignored too."""
    file = tmp_path / "demo.image"
    assert DemoImage.kept(file) is None
    DemoImage("another hash", "secret", {}).keep(file)
    assert DemoImage.kept(file) is None
    file.write_bytes(b"none")
    assert DemoImage.kept(file) is None
