"""An export from the request to the file: asked for, waited for, fetched, checked, put in its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from daybook_client.bounded import ENCODINGS, read_whole
from daybook_client.downloading import Download, fetch_steps, unlogged
from daybook_client.errors import DaybookError, ExportError, UnavailableError
from daybook_client.steps import Do, Found, Patience, Pause, Steps, patiently
from daybook_client.transport import Transport

FIRST_POLL = 0.5  # seconds; the next ones grow by half each
LONGEST_POLL = 10.0  # seconds
MAX_DOWNLOADS = 5  # of a file that arrives otherwise than stated
LINK_TIMEOUT = 30.0  # seconds without a byte


@dataclass(frozen=True)
class ExportOptions:
    """What an export is asked for besides its filters; None is Daybook's own default."""

    format: str = "csv"
    view: str | None = None
    tz: str | None = None
    sort: str | None = None
    mark: bool = False
    evidence: bool = False

    def body(self, filters: Mapping[str, Any]) -> dict[str, Any]:
        named = {"view": self.view, "tz": self.tz, "sort": self.sort}
        flags = {"mark": self.mark, "evidence": self.evidence}
        return {
            "format": self.format,
            "filters": dict(filters),
            **{name: value for name, value in named.items() if value is not None},
            **{name: value for name, value in flags.items() if value},
        }


@dataclass(frozen=True)
class Progress:
    """How far an export is: `share` (0 to 1) of reading while `stage` is `queued` or `running`, of fetching afterwards.

    `rows` are those written so far, None where Daybook does not say. `bytes` have been fetched, of `total`.
    """

    stage: str
    share: float
    rows: int | None = None
    bytes: int = 0
    total: int | None = None


@dataclass(frozen=True)
class Export:
    """An export in its place. `rows` are without the header. `manifest` says what is in the file."""

    id: str
    path: Path
    rows: int
    bytes: int
    sha256: str
    manifest: dict[str, Any]
    evidence_path: Path | None = None


class _Asked:
    """An export at Daybook."""

    def __init__(self, transport: Transport, export_id: str) -> None:
        self._transport = transport
        self.id = export_id

    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = self._transport.call("GET", f"/v1/exports/{self.id}")
        return state

    def link(self, state: Mapping[str, Any], name: str) -> str:
        """Raises UnavailableError where none could be signed just now."""
        if not state.get(name):
            raise UnavailableError(f"export {self.id} has no link now", code="unexpected_answer")
        return str(state[name])

    def cancel(self) -> None:
        with suppress(DaybookError):  # it ends by itself, and its file is deleted after days
            self._transport.call("DELETE", f"/v1/exports/{self.id}")


def export_steps(
    transport: Transport,
    path: Path,
    body: Mapping[str, Any],
    patience: Patience,
    clock: Callable[[], float],
    timeout: float | None,
) -> Steps:
    """Finds `Progress` and, last, the `Export`. An answer that is lost on the way may leave a second export behind."""
    ends = None if timeout is None else clock() + timeout
    download = Download(path)  # before anything is asked for: a path that can't be written costs no export
    try:
        made = yield from patiently(lambda: transport.call("POST", "/v1/exports", json=body), patience)
        asked = _Asked(transport, made["id"])

        def check_time() -> Steps:
            if ends is not None and clock() >= ends:
                yield Do(asked.cancel)
                raise ExportError(f"export {asked.id} took longer than {timeout:g} s", code="export_timeout")

        state = yield from _wait_until_done(asked, patience, check_time)
        with httpx.Client(timeout=LINK_TIMEOUT) as client:
            manifest = yield from patiently(partial(_manifest, client, asked.link(state, "manifest_url")), patience)
            state = yield from _fetch(client, asked, state, download, patience, check_time)
            evidence = None
            if state.get("evidence_url"):
                evidence = path.with_name(path.name + ".evidence.ndjson")
                yield from _fetch_evidence(
                    client, asked, state["evidence_url"], Download(evidence), patience, check_time
                )
        yield Do(download.keep, settle=True)
        yield Found(
            Export(asked.id, path, state["rows"], state["bytes"], state["sha256"], manifest, evidence),
        )
    finally:
        download.discard()


def _wait_until_done(asked: _Asked, patience: Patience, check_time: Callable[[], Steps]) -> Steps:
    poll = FIRST_POLL
    while True:
        state = yield from patiently(asked.state, patience)
        if state["status"] == "succeeded":
            return state
        if state["status"] in ("failed", "cancelled"):
            why = state.get("error") or state["status"]
            raise ExportError(f"export {asked.id}: {why}", code=f"export_{state['status']}")
        yield Found(Progress(state["status"], state.get("progress") or 0.0, state.get("rows")))
        yield from check_time()
        yield Pause(poll)
        poll = min(poll * 1.5, LONGEST_POLL)


def _fetch(
    client: httpx.Client,
    asked: _Asked,
    state: dict[str, Any],
    download: Download,
    patience: Patience,
    check_time: Callable[[], Steps],
) -> Steps:
    """Fetch the file until it is what Daybook states, and return the state that stated it."""
    total = state["bytes"]

    def on_piece() -> Steps:
        patience.begin()
        yield Found(
            Progress("fetching", download.bytes / total if total else 1.0, state["rows"], download.bytes, total)
        )
        yield from check_time()

    for _ in range(MAX_DOWNLOADS):
        state = yield from _fetch_all(client, asked, state, "download_url", download, patience, on_piece, check_time)
        if (download.bytes, download.sha256) == (state["bytes"], state["sha256"]):
            return state
        yield Do(download.begin, settle=True)
        state = yield from patiently(asked.state, patience)
    raise ExportError(f"export {asked.id} does not arrive as it was written", code="download_damaged")


def _fetch_all(
    client: httpx.Client,
    asked: _Asked,
    state: dict[str, Any],
    link: str,
    download: Download,
    patience: Patience,
    on_piece: Callable[[], Steps],
    check_time: Callable[[], Steps],
) -> Steps:
    """Fetch to the end of the file, on fresh links where a connection breaks; return the last state."""
    while True:
        try:
            yield from fetch_steps(client, asked.link(state, link), download, on_piece)
        except UnavailableError as error:
            wait = patience.after(error)
        else:
            return state
        yield from check_time()
        yield Pause(wait)
        state = yield from patiently(asked.state, patience)


def _fetch_evidence(
    client: httpx.Client,
    asked: _Asked,
    url: str,
    download: Download,
    patience: Patience,
    check_time: Callable[[], Steps],
) -> Steps:
    """Evidence proves itself: whoever checks it sees whether it is whole."""

    def on_piece() -> Steps:
        patience.begin()
        yield from check_time()

    try:
        state = {"evidence_url": url}
        yield from _fetch_all(client, asked, state, "evidence_url", download, patience, on_piece, check_time)
        yield Do(download.keep, settle=True)
    finally:
        download.discard()


def _manifest(client: httpx.Client, url: str) -> dict[str, Any]:
    try:
        request = unlogged(client.build_request("GET", url, headers={"Accept-Encoding": ENCODINGS}))
        answer = read_whole(client.send(request, stream=True))
        manifest = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        raise UnavailableError(f"the manifest does not arrive: {error}", code="unreachable") from error
    if answer.status_code != 200 or not isinstance(manifest, dict):
        raise UnavailableError("the manifest does not arrive", code="unexpected_answer", status=answer.status_code)
    return manifest
