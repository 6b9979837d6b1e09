"""Follows a log: walks what it has appended since the last walk, and keeps the new checkpoint.

The tree is computed anew from the entries that the log serves. That its root is the signed one, and that the walk began
with the right edge of the kept tree, shows that nothing before has changed. A checkpoint that came with a proof or with
evidence must lie on the way.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from daybook_verify import checkpoints, entries, kept, tiles
from daybook_verify.arrivals import CLOCKS_MS
from daybook_verify.checkpoints import Signed, Trust
from daybook_verify.errors import CannotTell, NotGenuine
from daybook_verify.fetching import Log
from daybook_verify.kept import Kept
from daybook_verify.merkle import Edge, leaf_hash
from daybook_verify.report import Report


def follow(log: Log, trust: Trust, state: Path, now_ms: int, report: Report) -> None:
    """NotGenuine or CannotTell ends it, and nothing is kept then."""
    signed = _newest(log, trust)
    head = signed.checkpoint
    checkpoints.describe(signed, report)
    everything = kept.read(state)
    seen = [each for each in everything if each.checkpoint.origin == head.origin]
    _report_others(everything, head.origin, report)
    roots = kept.roots(seen)
    pending = _pending(seen)
    if not pending and any(each.edge is not None and each.checkpoint == head for each in seen):
        _check_not_behind(signed, seen, trust)
        report.ok("nothing was appended since the checkpoint that was kept last")
        return

    edge = _start(seen, min([head.size, *(each.checkpoint.size for each in pending)]))
    report.note(f"walking from entry {edge.size}")
    walked = _walk(log, edge, head.size, roots, now_ms + CLOCKS_MS)
    if edge.root != head.root:
        raise NotGenuine("the entries that the log serves do not give the root that it signed")
    _check_not_behind(signed, seen, trust)
    report.ok(f"the log has only been appended to, and {walked['tiles']} tiles are right")
    if pending:
        report.ok(f"{len(pending)} checkpoints that came with proofs or evidence are of the same log")
    if walked["unknown"]:
        report.note(f"{walked['unknown']} entries are of a kind that this program does not know")
    kept.append(state, now_ms, signed, edge)
    report.ok(f"kept in {state}")


def _newest(log: Log, trust: Trust) -> Signed:
    data = log("checkpoint")
    if data is None:
        raise CannotTell("there is no such log, or it has no checkpoint yet")
    try:
        return checkpoints.opened(data.decode(), trust)
    except UnicodeDecodeError as error:
        raise NotGenuine("the checkpoint is not text") from error


def _check_not_behind(signed: Signed, seen: Sequence[Kept], trust: Trust) -> None:
    """A cache may serve an old checkpoint. One that the log signed after the auditor had seen a larger one is none."""
    larger = [each for each in seen if each.checkpoint.size > signed.checkpoint.size]
    if not larger:
        return
    first = min(larger, key=lambda each: each.seen_ms)
    came = "kept by a walk" if first.edge is not None else "that came with a proof or with evidence"
    facts = (
        f"the log shows {signed.checkpoint.size} entries, and you have a checkpoint of {first.checkpoint.size} {came}"
    )
    cosigned = signed.cosigned_at((*trust.keys, *trust.cosigners))
    if cosigned is not None and cosigned * 1_000 > first.seen_ms + CLOCKS_MS:
        raise NotGenuine(f"{facts}, and signed the smaller one later: it was cut off, or has shown you two logs")
    raise CannotTell(
        f"{facts}: an old checkpoint, a log that was cut off, or two logs. Ask again later, and with the key of the"
        " log's times as a further --key, which tells them apart"
    )


def _report_others(everything: Sequence[Kept], walked: str, report: Report) -> None:
    """Only a walk of their own log shows whether it has them."""
    for origin in sorted({each.checkpoint.origin for each in everything} - {walked}):
        pending = _pending([each for each in everything if each.checkpoint.origin == origin])
        if pending:
            report.note(f"{len(pending)} kept checkpoints are of the log {origin}, which this run does not follow")


def _pending(seen: Sequence[Kept]) -> list[Kept]:
    """Those that no walk has passed: a walk holds all that were there before it against the log."""
    walks = [at for at, each in enumerate(seen) if each.edge is not None]
    return [*seen[walks[-1] + 1 if walks else 0 :]]


def _start(seen: Sequence[Kept], size: int) -> Edge:
    """The largest tree of at most this size that was walked."""
    edges = [each.edge for each in seen if each.edge is not None and each.edge.size <= size]
    return max(edges, key=lambda each: each.size, default=Edge()).copy()


def _walk(log: Log, edge: Edge, size: int, roots: Mapping[int, bytes], latest_ms: int) -> Counter[str]:
    """Appends to the edge what the log serves up to the size, and compares all tiles that this fills or changes.

    NotGenuine where the tree has another root than `roots` say, by size, or where an event says that it was received
    after `latest_ms`.
    """
    start, counts = edge.size, Counter[str]()
    leaves = tiles.Level(log, 0, edge.copy(), size)
    for index in range(start // tiles.WIDTH, -(-size // tiles.WIDTH)):
        first = index * tiles.WIDTH
        for at, entry in enumerate(tiles.bundle(log, index, min(tiles.WIDTH, size - first)), first):
            if at < start:
                continue
            parsed = entries.parse(entry)
            counts["unknown"] += parsed is None
            if parsed is not None and parsed.received_ms > latest_ms:
                raise NotGenuine(f"entry {at}, event {parsed.id}, says that it was received later than now")
            leaf = leaf_hash(entry)
            edge.append(leaf)
            leaves.add(leaf)
            if edge.size in roots and roots[edge.size] != edge.root:
                raise NotGenuine(f"the log was rewritten: it had another root at {edge.size} entries")
    counts["tiles"] = leaves.finish()
    return counts
