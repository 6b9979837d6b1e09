"""The verifier's rows are those of Daybook's own exports, byte for byte."""

import json
from typing import Any

import pytest

from daybook.aws.wiring import Tables
from daybook.catalogue.profile import profile as profile_of
from daybook.clock import DAY, HOUR, format_time
from daybook.crypto.sealing import Place, event_key
from daybook.events.packing import unpack
from daybook.jobs.export import MEDIA_TYPES
from daybook_verify.rows import Renderer, rendered
from tests.support.exports import Exporter
from tests.support.fixed_events import FIXED, example_of
from tests.support.ingest import NOW
from tests.support.managed_log import ManagedLog
from tests.support.page_verifier import agree_on_row
from tests.verify.hostile_events import HostileEvents

PROFILES = ("generic", "chat", "enate", "jiffy", "carear", "symbee")
ZONES = ("Atlantic/Azores", "Europe/London", "Asia/Kathmandu", "America/New_York", "Etc/UTC", "GMT")
BATCH = 500


class ExportedLog:
    """A tenant's log of hostile events, its exports, and what evidence holds of each event."""

    def __init__(self, dynamodb: Any, tables: Tables, profile: str, events: int) -> None:
        self.log = ManagedLog(dynamodb, tables, profile, name="=Acme, Inc")
        self._exporter = Exporter(dynamodb, tables, self.log.clock)
        self._span = {"from": format_time(NOW - 30 * DAY), "to": format_time(NOW + HOUR)}
        hostile = HostileEvents(events, sorted(profile_of(profile).source_types or ()))
        for start in range(0, events, BATCH):
            answer = self.log.send({"events": [hostile.event() for _ in range(min(BATCH, events - start))]})
            assert answer["statusCode"] == 201, answer["body"][:1_000]
        self.log.page({"actor": "mike.mars"})
        self.log.now += DAY

    def export(self, **asked: Any) -> tuple[dict[str, Any], bytes]:
        shown, content = self._exporter.export({"sort": "occurred_at", "filters": self._span, **asked})
        place = f"files/{self._exporter.code}/{shown['id']}/{shown['filename']}.manifest.json"
        manifest: dict[str, Any] = json.loads(self._exporter.files.files[place])
        return {"tenant_profile": manifest["profile"], "tenant_name": self.log.settings.name, **manifest}, content

    def events(self) -> list[dict[str, Any]]:
        """In the order of the files."""
        return [json.loads(line) for line in self.export(view="native", format="ndjson")[1].split(b"\n")[:-1]]

    def opened(self, event_id: str) -> tuple[bytes, dict[str, bytes]]:
        """Canonical bytes, and the event's keys of people who are not forgotten."""
        key = f"{self.log.settings.code}#0#0", event_id
        canonical = unpack(self.log.wiring.events.find([key])[key].packed)
        content = json.loads(canonical)
        guids = [each["id"] for each in content.get("people", ()) if "sealed" in each]
        rows = self.log.wiring.identities.read(self.log.key(), [f"id#{guid}" for guid in guids])
        place = content["tenant"], content["environment"], content["id"]
        return canonical, {
            guid: event_key(rows[f"id#{guid}"]["key"], Place(*place, guid)) for guid in guids if f"id#{guid}" in rows
        }

    def forget_a_third(self) -> None:
        shown = [person for event in self.events() for person in (event["actor"], *(event["people"] or ()))]
        for guid in sorted({each["id"] for each in shown if each["id"] and not each["forgotten"]})[::3]:
            self.log.forget(guid)

    def check(self, *exports: dict[str, Any]) -> None:
        events = [self.opened(event["id"]) for event in self.events()]
        for asked in exports:
            manifest, content = self.export(**asked)
            renderer = Renderer(manifest)
            position = 0
            lines = [renderer.line(*event) for event in events]
            for line, event in zip(lines, events, strict=True):
                agree_on_row(line, manifest, *event)
            for line in (renderer.header, *lines):
                assert content[position : position + len(line)] == line, asked
                position += len(line)
            assert position == len(content)


@pytest.mark.parametrize("store", ["memory"], indirect=True)
@pytest.mark.parametrize("profile", PROFILES)
def test_each_row_of_an_export_is_rendered_anew(dynamodb: Any, tables: Tables, profile: str) -> None:
    """The two forms that evidence is given for, before and after people are forgotten."""
    log = ExportedLog(dynamodb, tables, profile, 150)
    for forgotten in (False, True):
        if forgotten:
            log.forget_a_third()
        log.check({"view": profile, "format": "csv", "tz": "Europe/London"}, {"view": "native", "format": "ndjson"})


@pytest.mark.long
@pytest.mark.parametrize("store", ["memory"], indirect=True)
@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("events", [100, pytest.param(400, marks=pytest.mark.nightly)])
def test_each_view_format_and_zone(dynamodb: Any, tables: Tables, profile: str, events: int) -> None:
    """All views, with the aliases of each tenant's own profile; all formats, with mark and without."""
    log = ExportedLog(dynamodb, tables, profile, events)
    log.forget_a_third()
    log.check(
        *({"view": view, "format": form} for view in ("native", *PROFILES) for form in MEDIA_TYPES),
        *({"view": profile, "format": "csv", "tz": zone, "mark": True} for zone in ZONES),
    )


@pytest.mark.parametrize("path", FIXED, ids=lambda path: path.stem)
def test_the_fixed_examples_of_the_stored_format(path: Any) -> None:
    """Events that were stored long ago are rendered for ever; everybody is known, or forgotten."""
    example = example_of(path)
    manifest = {
        "view": "native",
        "format": "ndjson",
        "mark": False,
        "tz": "UTC",
        "tenant_profile": example["profile"],
        "tenant_name": "Acme Inc",
    }
    canonical = example["stored"]["canonical"].encode()
    content = json.loads(canonical)
    place = content["tenant"], content["environment"], content["id"]
    sealed = [each["id"] for each in content.get("people", ()) if "sealed" in each]
    keys = {guid: event_key(bytes.fromhex(example["person_keys"][guid]), Place(*place, guid)) for guid in sealed}
    assert json.loads(rendered(manifest, canonical, keys))["actor"]["forgotten"] is False
    for guid in sealed:
        shown = rendered(manifest, canonical, {each: key for each, key in keys.items() if each != guid})
        assert shown != rendered(manifest, canonical, keys)
        assert guid in shown.decode()
