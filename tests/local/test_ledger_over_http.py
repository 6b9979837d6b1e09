"""An event is appended, signed and proved by the running functions, and the log is walked as a stranger would."""

import base64
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from daybook.ledger.checkpoints import parse
from daybook.ledger.merkle import EMPTY, leaf_hash
from daybook.ledger.notes import ED25519, open_note, parse_key
from daybook.ledger.tiles import ENTRIES, Tile, tiles_of
from tests.support.go_judge import JudgedLog, complaints
from tests.support.places import VERIFIER
from tests.support.running_daybook import LocalDaybook, logs_of, make_tenant
from tests.support.sealed_log import parts

TENANT = "ledger-http"
EVENTS = 300
PROVED_WITHIN_SECONDS = 90


@pytest.fixture(scope="module")
def client(local_daybook: LocalDaybook) -> Any:
    with local_daybook.operations as operations:
        assert make_tenant(operations, TENANT).status_code == 201
    with local_daybook.client(local_daybook.operations_key, **{"Daybook-Tenant": TENANT}) as client:
        yield client


def proved(client: httpx.Client, event_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + PROVED_WITHIN_SECONDS
    while time.monotonic() < deadline:
        answer = client.get(f"/v1/events/{event_id}/proof")
        if answer.status_code == 200:
            proof: dict[str, Any] = answer.json()
            return proof
        assert (answer.status_code, answer.json()["code"]) == (404, "not_sealed_yet"), answer.text
        time.sleep(0.5)
    raise AssertionError("no signed head covers the event")


def test_an_event_is_proved_soon_after_it_was_sent(client: httpx.Client) -> None:
    """Go accepts checkpoint, tiles and proof as they come over HTTP, and the entries hash to the tiles."""
    actor = {"type": "user", "username": "jane.roe"}
    sent = client.post("/v1/events", json={"events": [{"activity": "door.opened", "actor": actor}] * EVENTS})
    results = sent.json()["results"]
    answers = [proved(client, results[number]["id"]) for number in (EVENTS - 1, 0)]
    (log,) = [each for each in logs_of(client) if each["visibility"] == "all"]
    prefix = f"/v1/logs/{log['name']}"
    note = client.get(f"{prefix}/checkpoint")
    assert note.headers["Content-Type"] == "text/plain; charset=utf-8"
    keys = [key for key in log["key"] if parse_key(key).key_type == ED25519]
    text, signatures = open_note(note.text, [*map(parse_key, log["key"])])
    head = parse(text)
    assert (head.origin, len(signatures)) == (log["origin"], 2)
    tiles = {tile.path: got(client, f"{prefix}/tile/{tile.path}") for tile in tiles_of(head.size)}
    entries = []
    for tile in tiles_of(head.size):
        if tile.level == 0:
            bundle = got(client, f"{prefix}/tile/{Tile(ENTRIES, tile.index, tile.width).path}")
            entries += [bundle[at + 2 : at + 77] for at in range(0, len(bundle), 77)]
    assert EMPTY.extended(map(leaf_hash, entries)).root == head.root
    for answer, result in zip(answers, (results[-1], results[0]), strict=True):
        index, path, signed = parts(answer["proof"])
        entry = base64.b64decode(answer["entry"])
        assert (answer["leaf"], entries[index]) == (result["leaf"], entry)
        of_proof = parse(open_note(signed, [*map(parse_key, keys)])[0])
        judged = JudgedLog(
            keys=keys,
            note=signed,
            size=of_proof.size,
            root=of_proof.root,
            tiles={
                tile.path: tiles.get(tile.path) or got(client, f"{prefix}/tile/{tile.path}")
                for tile in tiles_of(of_proof.size)
            },
            inclusions=[(index, entry, path)],
        )
        assert complaints(judged) == []


@pytest.mark.long
def test_the_auditors_command_follows_the_log(
    local_daybook: LocalDaybook, client: httpx.Client, tmp_path: Path
) -> None:
    """`daybook-verify` shares no code with Daybook. It accepts the log before and behind more events, and the proof."""
    (log,) = [each for each in logs_of(client, signed=True) if each["visibility"] == "all"]
    key = next(line for line in log["key"] if parse_key(line).key_type == ED25519)
    kept, proof = tmp_path / "kept.ndjson", tmp_path / "proof.json"

    def verified(*arguments: str) -> None:
        ran = subprocess.run(  # noqa: S603  our own command
            [sys.executable, "-m", "daybook_verify", *arguments, "--key", key, "--kept", str(kept)],
            check=False,
            capture_output=True,
            text=True,
            env={"PYTHONPATH": str(VERIFIER), "DAYBOOK_KEY": local_daybook.operations_key},
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr

    url = f"{local_daybook.url}/v1/logs/{log['name']}"
    verified("monitor", url, "--tenant", TENANT)
    event = {"activity": "door.shut", "actor": {"type": "user", "username": "jane.roe"}}
    sent = client.post("/v1/events", json={"events": [event] * EVENTS}).json()["results"]
    proof.write_text(json.dumps(proved(client, sent[-1]["id"])))
    verified("proof", str(proof))
    verified("monitor", url, "--tenant", TENANT)


def got(client: httpx.Client, path: str) -> bytes:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert "immutable" in answer.headers["Cache-Control"]
    return answer.content
