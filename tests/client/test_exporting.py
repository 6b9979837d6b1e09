"""Exports: whole and checked, or not there; the key goes to Daybook alone."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from daybook_client.errors import DeniedError, ExportError, UnavailableError
from daybook_client.exporting import Progress
from daybook_client.reading import Reading
from daybook_client.transport import Transport
from tests.support.scripted_daybook import Answer, Asked, ScriptedDaybook, scripted_daybook

FILE = b"Time,Activity\r\n" + b"2026-11-22T16:31:07.123Z,user.signed_in\r\n" * 20_000
HASH = hashlib.sha256(FILE).hexdigest()
KEY = "dbk_k_0123456789abcdef0123456789abcdef"

Download = Callable[[Asked], Answer]


class ExportingDaybook:
    """Runs an export for a few polls, then links to the files on another host."""

    def __init__(self, bucket: str, *, polls: int = 2, state: dict[str, Any] | None = None) -> None:
        self.left = polls
        self.bucket = bucket
        self.state = state or {}
        self.links = 0

    def __call__(self, asked: Asked) -> Answer:
        running = {"id": "X1", "status": "running", "progress": 0.5, "rows": 7, "download_url": None}
        if asked.method == "POST":
            return Answer(202, {**running, "status": "queued"})
        if asked.method == "DELETE":
            return Answer(204, b"")
        if self.left:
            self.left -= 1
            return Answer(200, running)
        self.links += 1
        done = {"status": "succeeded", "rows": 20_000, "bytes": len(FILE), "sha256": HASH}
        links = {name: f"{self.bucket}/{name}?link={self.links}" for name in ("download_url", "manifest_url")}
        return Answer(200, {**running, **done, **links, **self.state})


def bucket_of(download: Download) -> Download:
    return lambda asked: Answer(body={"version": 1}) if asked.path == "/manifest_url" else download(asked)


def from_range(asked: Asked, *, breaks_after: int | None = None) -> Answer:
    """The file as S3 gives it."""
    if "range" not in asked.headers:
        return Answer(200, FILE, breaks_after=breaks_after)
    first = int(asked.headers["range"].removeprefix("bytes=").removesuffix("-"))
    span = {"Content-Range": f"bytes {first}-{len(FILE) - 1}/{len(FILE)}"}
    return Answer(206, FILE[first:], span, breaks_after=breaks_after)


def reading(daybook: ScriptedDaybook, waited: list[float] | None = None) -> Reading:
    """Reads without waiting; a clock that shows what it would have waited."""
    waits = waited if waited is not None else []
    transport = Transport(daybook.url, KEY, timeout=5)
    return Reading(transport, "prod", sleep=waits.append, chance=lambda: 1.0, clock=lambda: sum(waits))


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """Where the export goes. No test leaves a part of a file behind."""
    yield tmp_path / "events.csv"
    assert not [*tmp_path.glob("*.part")]


def test_an_export_is_asked_for_waited_for_and_fetched(path: Path) -> None:
    """What was asked, what came of it, and how far it was meanwhile."""
    waited: list[float] = []
    said: list[Progress] = []
    path.write_text("an older one")
    with (
        scripted_daybook(bucket_of(from_range)) as bucket,
        scripted_daybook(ExportingDaybook(bucket.url, polls=12)) as daybook,
    ):
        reader = reading(daybook, waited)
        export = reader.export(path, view="native", actor_not=["System"], on_progress=said.append)
    assert daybook.asked[0].json == {
        "format": "csv",
        "view": "native",
        "filters": {"actor!": ["System"], "environment": ["prod"]},
    }
    assert path.read_bytes() == FILE
    assert (export.id, export.path, export.rows, export.bytes, export.sha256) == (
        "X1",
        path,
        20_000,
        len(FILE),
        HASH,
    )
    assert export.manifest == {"version": 1}
    assert said[0] == Progress("running", 0.5, 7)
    assert said[-1] == Progress("fetching", 1.0, 20_000, len(FILE), len(FILE))
    assert waited[:3] == [0.5, 0.75, 1.125]
    assert waited[-1] == 10
    assert daybook.paths()[-1] == "GET /v1/exports/X1"


def test_the_key_stays_with_daybook(path: Path) -> None:
    """The host of a signed link learns neither key nor tenant, and no cookie."""
    with scripted_daybook(bucket_of(from_range)) as bucket, scripted_daybook(ExportingDaybook(bucket.url)) as daybook:
        transport = Transport(daybook.url, KEY, tenant="acme")
        Reading(transport, sleep=lambda _: None).export(path)
    assert all(asked.headers["authorization"] == f"Bearer {KEY}" for asked in daybook.asked)
    assert len(bucket.asked) == 2
    for asked in bucket.asked:
        assert KEY not in str(asked)
        assert not {"authorization", "daybook-tenant", "cookie"} & {*asked.headers}


def test_a_download_that_breaks_goes_on_where_it_broke(path: Path) -> None:
    """On a fresh link, each time; nothing is fetched twice."""
    breaks = iter([300_000, 200_000, None])
    with (
        scripted_daybook(bucket_of(lambda asked: from_range(asked, breaks_after=next(breaks)))) as bucket,
        scripted_daybook(ExportingDaybook(bucket.url)) as daybook,
    ):
        reading(daybook).export(path)
    assert path.read_bytes() == FILE
    downloads = [asked for asked in bucket.asked if asked.path == "/download_url"]
    assert [asked.query["link"] for asked in downloads] == [["1"], ["2"], ["3"]]
    begun = [
        int(asked.headers.get("range", "bytes=0-").removeprefix("bytes=").removesuffix("-")) for asked in downloads
    ]
    assert begun[0] == 0
    assert 0 < begun[1] < begun[2] <= 500_000


def test_a_host_without_ranges_sends_it_all_again(path: Path) -> None:
    """The file begins anew with it."""
    breaks = iter([300_000, None])
    with (
        scripted_daybook(bucket_of(lambda _: Answer(200, FILE, breaks_after=next(breaks)))) as bucket,
        scripted_daybook(ExportingDaybook(bucket.url)) as daybook,
    ):
        reading(daybook).export(path)
    assert path.read_bytes() == FILE


def test_an_expired_link_is_asked_for_anew(path: Path) -> None:
    """Whatever the host says of it."""
    with (
        scripted_daybook(
            bucket_of(lambda asked: from_range(asked) if asked.query["link"] == ["2"] else Answer(403, b"<Error/>"))
        ) as bucket,
        scripted_daybook(ExportingDaybook(bucket.url)) as daybook,
    ):
        reading(daybook).export(path)
    assert path.read_bytes() == FILE


@pytest.mark.parametrize("damaged", [FILE[:-1] + b"!", FILE + b"more", FILE[:-10], b""])
def test_a_damaged_file_never_gets_its_name(path: Path, damaged: bytes) -> None:
    """One that arrives whole the next time does; one that never does is an error, and the older file stays."""
    answers = iter([damaged, FILE])
    with (
        scripted_daybook(bucket_of(lambda _: Answer(200, next(answers)))) as bucket,
        scripted_daybook(ExportingDaybook(bucket.url)) as daybook,
    ):
        reading(daybook).export(path)
    assert path.read_bytes() == FILE
    with (
        scripted_daybook(bucket_of(lambda _: Answer(200, damaged))) as bucket,
        scripted_daybook(ExportingDaybook(bucket.url)) as daybook,
        pytest.raises(ExportError) as caught,
    ):
        reading(daybook).export(path)
    assert caught.value.code == "download_damaged"
    assert path.read_bytes() == FILE


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_an_export_that_comes_to_nothing_is_an_error(path: Path, status: str) -> None:
    """It says why, and writes nothing."""
    state = {"status": status, "error": "larger than 31 GB"}
    with scripted_daybook(ExportingDaybook("", state=state)) as daybook, pytest.raises(ExportError) as caught:
        reading(daybook).export(path)
    assert caught.value.code == f"export_{status}"
    assert "larger than 31 GB" in str(caught.value)
    assert not path.exists()


def test_an_export_that_takes_too_long_is_cancelled(path: Path) -> None:
    """It would hold one of the tenant's places otherwise."""
    with (
        scripted_daybook(ExportingDaybook("", polls=10_000)) as daybook,
        pytest.raises(ExportError) as caught,
    ):
        reading(daybook).export(path, timeout=60)
    assert caught.value.code == "export_timeout"
    assert daybook.paths()[-1] == "DELETE /v1/exports/X1"


def test_a_path_that_cant_be_written_costs_no_export(tmp_path: Path) -> None:
    """Nor does what Daybook refuses leave anything behind."""
    with scripted_daybook(lambda _: Answer(403, {"code": "role_denied"})) as daybook:
        with pytest.raises(OSError, match="nowhere"):
            reading(daybook).export(tmp_path / "nowhere" / "events.csv")
        assert not daybook.asked
        with pytest.raises(DeniedError):
            reading(daybook).export(tmp_path / "events.csv")
    assert not [*tmp_path.iterdir()]


def test_an_outage_in_the_middle_is_outlasted(path: Path) -> None:
    """Of Daybook while it is polled, up to the patience; then the error is that of the outage."""
    calls = iter(range(100))
    with scripted_daybook(bucket_of(from_range)) as bucket:
        export = ExportingDaybook(bucket.url)
        with scripted_daybook(lambda asked: Answer(503, {}) if next(calls) in (0, 2, 3) else export(asked)) as daybook:
            reading(daybook).export(path)
    assert path.read_bytes() == FILE
    with scripted_daybook(lambda _: Answer(503, {})) as daybook, pytest.raises(UnavailableError):
        reading(daybook).export(path)


def test_evidence_comes_beside_the_file(path: Path) -> None:
    """Under the name that the verifier expects."""
    with (
        scripted_daybook(
            bucket_of(lambda asked: Answer(body=b"{}\n") if asked.path == "/evidence" else from_range(asked))
        ) as bucket,
        scripted_daybook(ExportingDaybook(bucket.url, state={"evidence_url": f"{bucket.url}/evidence"})) as daybook,
    ):
        export = reading(daybook).export(path, evidence=True)
    assert daybook.asked[0].json["evidence"] is True
    assert export.evidence_path == path.with_name("events.csv.evidence.ndjson")
    assert export.evidence_path.read_bytes() == b"{}\n"
