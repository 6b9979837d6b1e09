"""A tenant's logs as tlog-tiles serves them."""

import base64
import gzip
from collections.abc import Mapping
from typing import Any

import pytest

from daybook.aws.wiring import Tables
from daybook.ledger.entries import Entry
from daybook.ledger.logs import LogKey
from daybook.ledger.notes import COSIGNATURE, open_note, parse_key
from daybook.ledger.tiles import ENTRIES, Tile, tiles_of
from infra.local.gateway.gateway import response_of
from tests.support.calls import answered
from tests.support.ledger import RECEIVED
from tests.support.reckoned_tree import ReckonedTree
from tests.support.sealed_log import KEYS, LedgerReader, SealedLog
from tests.support.tenant_log import TenantLog, problem_of

TILE = "/v1/logs/{log}/tile/{tile+}"
CHECKPOINT = "/v1/logs/{log}/checkpoint"


def entries(count: int, first: int = 0) -> list[Entry]:
    return [Entry(f"{number:036}", RECEIVED + number, bytes(32)) for number in range(first, first + count)]


@pytest.fixture
def tenant(dynamodb: Any, tables: Tables) -> TenantLog:
    return TenantLog(dynamodb, tables)


@pytest.fixture
def read(tenant: TenantLog) -> LedgerReader:
    return LedgerReader(tenant)


@pytest.fixture
def sealed(tenant: TenantLog) -> SealedLog:
    return SealedLog(tenant.wiring, LogKey(tenant.key(), "all"))


def got(read: LedgerReader, log: SealedLog, path: str, **headers: str) -> Mapping[str, Any]:
    """The answer, whose body is as the gateway hands it on."""
    answer = read(TILE, None, {"log": log.log.name, "tile": path}, headers)
    if answer["statusCode"] != 200:
        return answer
    return {**answer, "body": response_of(answer).get_data()}


def test_the_logs_are_listed_with_what_verifies_them(tenant: TenantLog, read: LedgerReader, sealed: SealedLog) -> None:
    """Their size is the newest checkpoint's: what is behind it is signed by nobody. A log names the one before it."""
    sealed.append(entries(3))
    (described,) = answered(read("/v1/logs"))["logs"]
    assert described == {
        "name": sealed.log.name,
        "origin": f"daybook/{sealed.log.name}",
        "environment": "prod",
        "visibility": "all",
        "size": 0,
        "key": [key.verifies(sealed.log.origin).line for key in KEYS],
        "previous": None,
    }
    sealed.sign()
    sealed.append(entries(2, 3))
    successor = SealedLog(tenant.wiring, sealed.log.key, 2, sealed.log)
    first, second = answered(read("/v1/logs"))["logs"]
    assert first == {**described, "size": 3}
    assert (second["name"], second["previous"], second["size"]) == (successor.log.name, first["name"], 0)


def test_nobody_learns_of_a_log_that_is_not_for_him(tenant: TenantLog) -> None:
    """Of an environment that the key does not reach, of what only operations may read, of another tenant: 404."""
    keys = {
        "prod": LogKey(tenant.key(), "all"),
        "test": LogKey(tenant.key("test"), "all"),
        "operations": LogKey(tenant.key(), "operations"),
    }
    logs = {name: SealedLog(tenant.wiring, key, number) for number, (name, key) in enumerate(keys.items())}
    for log in logs.values():
        log.append(entries(1))
        log.sign()
    other = TenantLog(tenant.dynamodb, tenant.tables, tenant="other")
    callers: list[tuple[LedgerReader, str, set[str]]] = [
        (LedgerReader(tenant), "*", {"prod", "test"}),
        (LedgerReader(tenant, "admin"), "test", {"test"}),
        (LedgerReader(tenant, "operations"), "*", {"prod", "test", "operations"}),
        (LedgerReader(other), "*", set()),
    ]
    for reader, environment, may in callers:
        listed = answered(reader("/v1/logs", environment=environment))["logs"]
        assert {log["name"] for log in listed} == {logs[name].log.name for name in may}
        for name, log in logs.items():
            for resource, more in ((CHECKPOINT, {}), (TILE, {"tile": "0/000.p/1"})):
                answer = reader(resource, None, {"log": log.log.name, **more}, environment=environment)
                assert answer["statusCode"] == (200 if name in may else 404)
                assert name in may or problem_of(answer) == (404, "not_found")


def test_a_checkpoint_is_the_newest_signed_note(read: LedgerReader, sealed: SealedLog) -> None:
    """As text, which no cache keeps. The lines of the list verify it, one of them with the time."""
    assert problem_of(read(CHECKPOINT, None, {"log": sealed.log.name})) == (404, "not_found")
    sealed.append(entries(1))
    sealed.sign()
    sealed.append(entries(4, 1))
    sealed.sign()
    answer = read(CHECKPOINT, None, {"log": sealed.log.name})
    assert answer["headers"] == {"Cache-Control": "no-store", "Content-Type": "text/plain; charset=utf-8"}
    (described,) = answered(read("/v1/logs"))["logs"]
    text, signatures = open_note(answer["body"], [*map(parse_key, described["key"])])
    root = ReckonedTree(sealed.entries).root
    assert text == f"{sealed.log.origin}\n5\n{base64.b64encode(root).decode()}\n"
    assert [signature.time_s is not None for signature in signatures] == [False, True]
    assert signatures[1].key.key_type == COSIGNATURE


@pytest.mark.parametrize("size", [1, 255, 256, 257, 700])
def test_every_tile_is_served_as_the_standard_says(read: LedgerReader, sealed: SealedLog, size: int) -> None:
    """Type, caching, and the bytes, against an independent reckoning. Appends are cut across the tiles."""
    sealed.append(entries(size), at_once=100)
    sealed.sign()
    tree = ReckonedTree(sealed.entries)
    for tile in tiles_of(size):
        leaves = 256**tile.level
        hashes = [
            tree.mth(first * leaves, (first + 1) * leaves) for first in range(tile.first, tile.first + tile.width)
        ]
        answer = got(read, sealed, tile.path)
        assert answer["body"] == b"".join(hashes)
        assert answer["headers"] == {
            "Cache-Control": "private, max-age=31536000, immutable",
            "Content-Type": "application/octet-stream",
        }
        if tile.level == 0:
            bundle = got(read, sealed, Tile(ENTRIES, tile.index, tile.width).path)
            wanted = sealed.entries[tile.first : tile.first + tile.width]
            assert bundle["body"] == b"".join(len(entry).to_bytes(2, "big") + entry for entry in wanted)


def test_tiles_of_higher_levels_come_from_the_fold(read: LedgerReader, sealed: SealedLog) -> None:
    """In a tree of 70,000: full and partial ones of levels 1 and 2, and the last of level 0."""
    sealed.append(entries(70_000))
    sealed.sign()
    tree = ReckonedTree(sealed.entries)
    for tile in (Tile(0, 273, 112), Tile(0, 272), Tile(1, 0), Tile(1, 1, 17), Tile(2, 0, 1)):
        leaves = 256**tile.level
        hashes = [
            tree.mth(first * leaves, (first + 1) * leaves) for first in range(tile.first, tile.first + tile.width)
        ]
        assert got(read, sealed, tile.path)["body"] == b"".join(hashes)
    assert problem_of(got(read, sealed, "2/000")) == (404, "not_found")


def test_partial_tiles_of_every_width_are_served(read: LedgerReader, sealed: SealedLog) -> None:
    """Not only those of a checkpoint's size: what an older checkpoint needs stays, also once the tile is full."""
    sealed.append(entries(300))
    sealed.sign()
    full = got(read, sealed, "0/000")["body"]
    for width in (1, 2, 44, 255):
        assert got(read, sealed, f"0/000.p/{width}")["body"] == full[: 32 * width]
    assert len(got(read, sealed, "0/001.p/43")["body"]) == 32 * 43


@pytest.mark.parametrize(
    "path",
    [
        *("0/001.p/45", "0/001", "0/002.p/1", "0/x001/000", "1/000", "1/000.p/2", "2/000.p/1", "63/000.p/1"),
        *("entries/001", "entries/001.p/45", "entries/002.p/1"),
        *("0/1", "0/0000", "00/000", "0/000.p/0", "0/000.p/256", "0/000.p/044", "64/000", "0/x000/001", "x", "-1/000"),
    ],
)
def test_what_no_signed_tree_has_is_not_found(read: LedgerReader, sealed: SealedLog, path: str) -> None:
    """Tiles beyond the newest checkpoint, though their entries are there, and paths that are written otherwise."""
    sealed.append(entries(300))
    sealed.sign()
    sealed.append(entries(300, 300))
    assert problem_of(got(read, sealed, path)) == (404, "not_found")


def test_bundles_are_compressed_for_who_asks(read: LedgerReader, sealed: SealedLog) -> None:
    """By the header `Accept-Encoding`, on which caches keep them apart."""
    sealed.append(entries(256))
    sealed.sign()
    plain = got(read, sealed, "entries/000")
    assert "Content-Encoding" not in plain["headers"]
    assert plain["headers"]["Vary"] == "Accept-Encoding"
    for accepted in ("gzip", "br;q=1.0, GZIP;q=0.5", "identity, gzip"):
        packed = got(read, sealed, "entries/000", **{"Accept-Encoding": accepted})
        assert packed["headers"]["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed["body"]) == plain["body"]
        assert len(packed["body"]) < len(plain["body"])
    for refused in ("identity", "gzip;q=0", "br, gzip; q=0.000", "xgzip"):
        assert got(read, sealed, "entries/000", **{"Accept-Encoding": refused})["body"] == plain["body"]


@pytest.mark.parametrize(("path", "parameters"), [("/v1/logs", None), (CHECKPOINT, {}), (TILE, {"tile": "0/000.p/1"})])
def test_a_log_takes_no_parameters(
    read: LedgerReader, sealed: SealedLog, path: str, parameters: dict[str, str] | None
) -> None:
    """One that is sent is named."""
    given = parameters if parameters is None else {"log": sealed.log.name, **parameters}
    assert problem_of(read(path, {"limit": "1"}, given)) == (400, "unknown_parameter")
