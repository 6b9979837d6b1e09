"""Go's checksum database reads our notes, tiles and proofs with the code that it reads its own with."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from daybook.ledger.checkpoints import Checkpoint
from daybook.ledger.entries import Entry, encode
from daybook.ledger.merkle import (
    EMPTY,
    Node,
    consistency_path,
    inclusion_path,
    leaf_hash,
    tree_root,
)
from daybook.ledger.notes import COSIGNATURE, ED25519, VerifierKey, sign_note
from daybook.ledger.tiles import tiles_of
from tests.support.go_judge import JudgedLog, complaints

ORIGIN = "daybook/logs/abc"
LOG, CLOCK = (Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32) for seed in (1, 2))
KEYS = [
    VerifierKey(ORIGIN, kind, private.public_key().public_bytes_raw())
    for kind, private in ((ED25519, LOG), (COSIGNATURE, CLOCK))
]
ENTRIES = [encode(Entry(f"{number:036}", number, bytes(32))) for number in range(70_000)]
LEAVES = [*map(leaf_hash, ENTRIES)]


def read(nodes: Sequence[Node]) -> Mapping[Node, bytes]:
    return {node: tree_root(LEAVES[node.index << node.level : node.index + 1 << node.level]) for node in nodes}


def log_of(size: int) -> JudgedLog:
    """Proofs of some entries of every tile's edge, and of some older trees."""
    root = EMPTY.extended(LEAVES[:size]).root
    text = Checkpoint(ORIGIN, size, root).text
    places = {0, 1, 2, 254, 255, 256, 257, 511, 65_535, 65_536, size // 3, size - 2, size - 1}
    old = {place for place in places if 0 < place <= size} | {size}
    levels = {tile: 1 << 8 * tile.level for tile in tiles_of(size)}
    return JudgedLog(
        keys=[KEYS[0].line],
        note=sign_note(text, [(KEYS[0], LOG.sign, None), (KEYS[1], CLOCK.sign, 1_700_000_000)]),
        size=size,
        root=root,
        tiles={
            tile.path: b"".join(
                tree_root(LEAVES[first * each : (first + 1) * each])
                for first in range(tile.first, tile.first + tile.width)
            )
            for tile, each in levels.items()
        },
        inclusions=[
            (index, ENTRIES[index], inclusion_path(index, size, read)) for index in places if 0 <= index < size
        ],
        consistencies=[
            (smaller, tree_root(LEAVES[:smaller]), consistency_path(smaller, size, read)) for smaller in old
        ],
    )


@pytest.mark.parametrize("size", [1, 3, 256, 257, 65_537, 70_000])
def test_go_accepts_what_we_write(size: int) -> None:
    """And makes the same proofs out of the tiles by itself."""
    assert complaints(log_of(size)) == []


def test_go_refuses_what_we_refuse() -> None:
    """So that the test above can fail: a wrong key, root, entry, path or tile is named."""
    log = log_of(257)
    index, entry, path = log.inclusions[-1]
    old, root, growth = log.consistencies[-1]
    wrong = [
        replace(log, keys=[VerifierKey(ORIGIN, ED25519, KEYS[1].public).line]),
        replace(log, note=log.note.replace("257", "256", 1)),
        replace(log, root=bytes(32)),
        replace(log, inclusions=[(index, entry[:-1] + b"x", path)]),
        replace(log, inclusions=[(index, entry, [*path, bytes(32)])]),
        replace(log, consistencies=[(old, bytes(32), growth)]),
        replace(log, tiles={**log.tiles, "0/001.p/1": bytes(32)}),
    ]
    assert root
    assert all(map(complaints, wrong))
