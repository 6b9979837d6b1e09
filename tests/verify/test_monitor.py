"""Following a log by its tiles: growth is accepted, and every other change is found."""

import gzip
import threading
from collections.abc import Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from daybook_verify import checkpoints, kept, monitor, tiles
from daybook_verify.checkpoints import Trust
from daybook_verify.errors import CannotTell, NotGenuine
from daybook_verify.fetching import HttpLog
from daybook_verify.merkle import Edge
from daybook_verify.notes import parse_key
from daybook_verify.report import Report
from tests.verify.made_log import DAY, LOG, LOGS_TIME, MINUTE, NOW, STRANGER, MadeLog, Signer, edge, levels, node, root

TRUST = Trust((parse_key(LOG.line),))
ENTRIES = [b"\x01" + b"0" * 36 + number.to_bytes(6, "big") + bytes(32) for number in range(70_000)]


class Served:
    """What a log serves under its prefix, by C2SP's definition of each tile."""

    def __init__(self, entries: list[bytes], **note: Any) -> None:
        self.files: dict[str, bytes] = {"checkpoint": MadeLog(entries=entries).note(**note).encode()}
        self.asked: list[str] = []
        level, nodes = 0, levels(entries)[0] if entries else []
        for at in range(0, len(entries), 256):
            bundle = entries[at : at + 256]
            data = b"".join(len(each).to_bytes(2, "big") + each for each in bundle)
            self.files[spelt("entries", at // 256, len(bundle))] = data
        while nodes:
            chunks = [nodes[at : at + 256] for at in range(0, len(nodes), 256)]
            for index, chunk in enumerate(chunks):
                self.files[spelt(level, index, len(chunk))] = b"".join(chunk)
            level, nodes = level + 1, [merged(chunk) for chunk in chunks if len(chunk) == 256]

    def __call__(self, path: str) -> bytes | None:
        self.asked.append(path)
        return self.files.get(path)


def spelt(level: int | str, index: int, width: int) -> str:
    thousands = f"x{index // 1_000:03}/" if index >= 1_000 else ""
    return f"tile/{level}/{thousands}{index % 1_000:03}" + (f".p/{width}" if width < 256 else "")


def merged(nodes: list[bytes]) -> bytes:
    while len(nodes) > 1:
        nodes = [node(nodes[at], nodes[at + 1]) for at in range(0, len(nodes), 2)]
    return nodes[0]


def followed(log: Any, state: Path, now_ms: int = NOW, trust: Trust = TRUST) -> Report:
    report = Report()
    try:
        monitor.follow(log, trust, state, now_ms, report)
    except (NotGenuine, CannotTell) as error:
        report.ended_by(error)
    return report


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "kept.ndjson"


def test_the_paths_of_tiles() -> None:
    """The specification's own example, and its borders."""
    assert tiles.path(0, 1_234_067) == "tile/0/x001/x234/067"
    assert tiles.path(63, 0, 1) == "tile/63/000.p/1"
    assert tiles.path("entries", 1_000, 255) == "tile/entries/x001/000.p/255"
    assert tiles.path(1, 999_999) == "tile/1/x999/999"


@pytest.mark.parametrize("sizes", [(0, 1, 2), (255, 256, 257), (1, 300, 513), (256, 512), (300, 300, 700)], ids=str)
def test_a_log_that_grows(sizes: tuple[int, ...], state: Path) -> None:
    """Each checkpoint is kept with the moment at which it was seen."""
    for at, size in enumerate(sizes):
        report = followed(Served(ENTRIES[:size]), state, NOW + at)
        assert report.exit_code == 0, report.lines()
    each = kept.read(state)
    assert [one.checkpoint.size for one in each] == sorted({*sizes})
    assert all(one.checkpoint.root == root(ENTRIES[: one.checkpoint.size]) for one in each)
    assert each[0].seen_ms == NOW


@pytest.mark.long
@pytest.mark.parametrize(
    "sizes", [(65_535, 65_536, 65_537), (300, 70_000), (65_536, 70_000), (66_000, 70_000)], ids=str
)
def test_tiles_of_higher_levels(sizes: tuple[int, ...], state: Path) -> None:
    """Every tile that the growth fills or changes is fetched once and compared, and no other."""
    for size in sizes:
        log = Served(ENTRIES[:size])
        assert followed(log, state).exit_code == 0
        assert len(log.asked) == len({*log.asked})
    first, last = sizes[-2:]
    changed = Served(ENTRIES[:last]).files.keys() - Served(ENTRIES[:first]).files.keys()
    assert {*log.asked} == changed | {"checkpoint"}


@pytest.mark.parametrize("before", [0, 300])
def test_every_byte_that_is_served_counts(before: int, state: Path) -> None:
    """Of checkpoint, tiles and entries."""
    if before:
        assert followed(Served(ENTRIES[:before]), state).exit_code == 0
    asked = Served(ENTRIES[:600], signers=(LOG,))
    assert followed(asked, state.with_name("else") if not before else copied(state)).exit_code == 0
    for path in {*asked.asked}:
        for at in (0, 1, -1):
            log = Served(ENTRIES[:600], signers=(LOG,))
            log.files[path] = flipped(log.files[path], at)
            assert followed(log, copied(state)).exit_code == 1, (path, at)
        for cut in (log.files[path][:-1], log.files[path] + b"\n", b""):
            log.files[path] = cut
            code = followed(log, copied(state)).exit_code
            assert code == 1 or (path.startswith("tile/entries") and cut.endswith(b"\n"))


def copied(state: Path) -> Path:
    other = state.with_name("copy")
    other.unlink(missing_ok=True)
    if state.exists():
        other.write_bytes(state.read_bytes())
    return other


def flipped(data: bytes, at: int) -> bytes:
    changed = bytearray(data)
    changed[at] ^= 1
    return bytes(changed)


def test_a_log_that_was_rewritten(state: Path) -> None:
    """Longer, as long, or shorter: nothing of it is kept."""
    assert followed(Served(ENTRIES[:300]), state).exit_code == 0
    before = state.read_bytes()
    for entries in (ENTRIES[1:400], ENTRIES[1:301]):
        assert followed(Served(entries), state).exit_code == 1
    for entries in (ENTRIES[1:200], ENTRIES[:299], []):
        assert followed(Served(entries), state).exit_code == 2, "it may be an old one"
    assert state.read_bytes() == before
    assert followed(Served(ENTRIES[:301]), state).exit_code == 0


@pytest.mark.parametrize("size", [1, 250, 300, 301, 390, 400])
def test_a_checkpoint_that_came_with_evidence_is_held_against_the_log(size: int, state: Path) -> None:
    """By the next walk, also where the log had been followed further before."""
    for followed_to in (250, 300):
        assert followed(Served(ENTRIES[:followed_to]), state).exit_code == 0
    before = state.read_bytes()
    others = [ENTRIES[7], *ENTRIES[1:size]]
    for entries, code in ((ENTRIES[:size], 0), (others, 1)):
        state.write_bytes(before)
        came = checkpoints.opened(MadeLog(entries=entries).note(), TRUST)
        kept.append(state, NOW, came)
        assert followed(Served(ENTRIES[:400]), state).exit_code == code
        assert len(kept.read(state)) == 3 + (code == 0)
    log = Served(ENTRIES[:400])
    state.write_bytes(before)
    kept.append(state, NOW, checkpoints.opened(MadeLog(entries=ENTRIES[:401]).note(), TRUST))
    assert followed(log, state).exit_code == 2, "the log shows an older head than the evidence had"


def test_an_old_checkpoint_is_no_rewriting(state: Path) -> None:
    """A cache may serve one that was seen before."""
    for size in (10, 20):
        assert followed(Served(ENTRIES[:size]), state).exit_code == 0
    assert followed(Served(ENTRIES[:10]), state).exit_code == 2
    assert followed(Served(ENTRIES[:20]), state).exit_code == 0


@pytest.mark.parametrize("walked", [True, False])
def test_a_log_that_was_cut_off_is_told_by_its_own_times(state: Path, *, walked: bool) -> None:
    """Where its key of times is given: it signed a smaller tree after the auditor had seen a larger one."""
    trust = Trust((*TRUST.keys, parse_key(LOGS_TIME.line)))
    assert followed(Served(ENTRIES[:10]), state).exit_code == 0
    if walked:
        assert followed(Served(ENTRIES[:20]), state).exit_code == 0
    else:
        kept.append(state, NOW, checkpoints.opened(MadeLog(entries=ENTRIES[:20]).note(), TRUST))
    for entries in (ENTRIES[:10], ENTRIES[:15]):
        for minutes, given, code in ((5, trust, 2), (6, trust, 1), (6, TRUST, 2)):
            cut = Served(entries, seconds=(NOW + minutes * MINUTE) // 1_000)
            assert followed(cut, state, NOW + DAY, given).exit_code == code


def test_partial_tiles_may_be_gone(state: Path) -> None:
    """Where the full one is served, it is taken in their place."""
    log = Served(ENTRIES[:300])
    full = Served(ENTRIES[:512])
    log.files = {"checkpoint": log.files["checkpoint"]} | {
        path: full.files[path] for path in full.files if ".p" not in path and path != "checkpoint"
    }
    log.files["tile/1/000.p/1"] = full.files["tile/1/000.p/2"][:32]
    assert followed(log, state).exit_code == 0
    del log.files["tile/entries/001"]
    assert followed(log, state.with_name("else")).exit_code == 2


def test_who_signs_counts(state: Path) -> None:
    """As everywhere."""
    assert followed(Served(ENTRIES[:3], signers=(STRANGER,)), state).exit_code == 1
    assert not state.exists()
    assert followed(lambda _: None, state).exit_code == 2


def test_unknown_entries_are_told(state: Path) -> None:
    """They are in the tree like others. A malformed one is no entry at all."""
    report = followed(Served([*ENTRIES[:3], b"\x02new"]), state)
    assert report.exit_code == 0
    assert any("1 entries are of a kind" in text for _, text in report.findings)
    for entry in (b"", b"\x01" + bytes(74), ENTRIES[3][:-1]):
        assert followed(Served([*ENTRIES[:3], entry]), state.with_name("else")).exit_code == 1


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-1], lambda data: data[:50] + b"x" + data[51:], lambda data: data + b"{}\n"]
)
def test_damage_to_what_was_kept_is_told(damage: Any, state: Path) -> None:
    """It says nothing of the log."""
    assert followed(Served(ENTRIES[:3]), state).exit_code == 0
    state.write_bytes(damage(state.read_bytes()))
    assert followed(Served(ENTRIES[:4]), state).exit_code == 2


def test_checkpoints_of_other_logs_are_told(state: Path) -> None:
    """A walk of one log says nothing of them. Those that a walk of their own has passed are no news."""
    other = MadeLog("daybook/other", ENTRIES[:2])
    signer = Signer(other.origin)
    came = checkpoints.opened(other.note(signers=(signer,)), Trust((parse_key(signer.line),)))
    kept.append(state, NOW, came)
    for size in (1, 1):
        report = followed(Served(ENTRIES[:size]), state)
        assert report.exit_code == 0
        assert any("1 kept checkpoints are of the log daybook/other" in line for line in report.lines())
    kept.append(state, NOW, came, Edge(2, edge(ENTRIES[:2])))
    assert not any("daybook/other" in line for line in followed(Served(ENTRIES[:2]), state).lines())


def test_no_event_is_received_later_than_now(state: Path) -> None:
    """By the auditor's clock, which may be five minutes behind."""
    for ahead, code in ((5 * MINUTE, 0), (5 * MINUTE + 1, 1)):
        entry = b"\x01" + b"0" * 36 + (NOW + ahead).to_bytes(6, "big") + bytes(32)
        assert followed(Served([*ENTRIES[:2], entry]), state).exit_code == code
        state.unlink(missing_ok=True)


class Site(HTTPServer):
    """A log over HTTP. It answers once 503 first, packs what it can, and sends whoever asks for /moved elsewhere."""

    log = Served(ENTRIES[:300])
    failing = True
    cutting: int = 0
    """How many answers are still cut off in their middle."""
    seen: list[Message]


class Answering(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        self.server.seen.append(self.headers)
        path = self.path.removeprefix("/v1/logs/x/")
        data = self.server.log.files.get(path)
        if self.server.failing:
            self.server.failing = False
            self.send_response(503)
            self.send_header("Retry-After", "0")
            data = b""
        elif path == "/refused/checkpoint":
            self.send_response(400)
            data = b'{"detail": "Name the tenant."}'
        elif path == self.path:
            self.send_response(302)
            self.send_header("Location", "http://127.0.0.1:1/checkpoint")
            data = b""
        else:
            self.send_response(200 if data is not None else 404)
            if data and path.startswith("tile/entries"):
                data = gzip.compress(data)
                self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(data or b"")))
        self.end_headers()
        if data and self.server.cutting:
            self.server.cutting -= 1
            data = data[: len(data) // 2]
        self.wfile.write(data or b"")

    def log_message(self, *_: Any) -> None:
        """Tests are quiet."""


@pytest.fixture
def site() -> Iterator[Site]:
    with Site(("127.0.0.1", 0), Answering) as server:
        server.seen = []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_log_over_http(site: Site, state: Path) -> None:
    """With the credential, packed or not, and patient."""
    url = f"http://127.0.0.1:{site.server_port}"
    log = HttpLog(f"{url}/v1/logs/x/", {"Authorization": "Bearer k"}, lambda _: None)
    assert followed(log, state).exit_code == 0
    assert {each["Authorization"] for each in site.seen} == {"Bearer k"}
    with pytest.raises(CannotTell, match="400: Name the tenant"):
        HttpLog(f"{url}/refused", {}, lambda _: None)("checkpoint")
    with pytest.raises(CannotTell, match="302"):
        HttpLog(f"{url}/moved", {"Authorization": "Bearer k"}, lambda _: None)("checkpoint")
    with pytest.raises(CannotTell):
        HttpLog("http://127.0.0.1:1", {}, lambda _: None)("checkpoint")
    for url in ("http://daybook.example.com/v1/logs/x", "file:///etc/passwd", "x"):
        with pytest.raises(CannotTell):
            HttpLog(url, {})


@pytest.mark.parametrize("path", ["checkpoint", "tile/0/000", "tile/entries/000"])
def test_a_connection_that_is_cut_says_nothing_of_the_log(site: Site, path: str) -> None:
    """Plain or packed: it is asked again, and in the end it could not be told."""
    log = HttpLog(f"http://127.0.0.1:{site.server_port}/v1/logs/x", {}, lambda _: None)
    site.failing, site.cutting = False, 2
    assert log(path) == site.log.files[path]
    site.cutting = 4
    with pytest.raises(CannotTell):
        log(path)
