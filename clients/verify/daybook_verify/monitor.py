"""Follows a log: walks what it has appended since the checkpoint that was kept last, and keeps the new one.

The tree is computed anew from the entries that the log serves. That its root is the signed one, and that the walk began
with the right edge of the kept tree, shows that nothing before has changed.
"""

from collections import Counter
from pathlib import Path

from daybook_verify import checkpoints, entries, kept, tiles
from daybook_verify.checkpoints import Trust
from daybook_verify.errors import CannotTell, NotGenuine
from daybook_verify.fetching import Log
from daybook_verify.merkle import Edge, leaf_hash
from daybook_verify.proof import report_times
from daybook_verify.report import Report


def follow(log: Log, trust: Trust, state: Path, now_ms: int, report: Report) -> None:
    """NotGenuine or CannotTell ends it, and nothing is kept then."""
    data = log("checkpoint")
    if data is None:
        raise CannotTell("there is no such log, or it has no checkpoint yet")
    try:
        note = data.decode()
    except UnicodeDecodeError as error:
        raise NotGenuine("the checkpoint is not text") from error
    signed = checkpoints.opened(note, trust)
    head = signed.checkpoint
    report.ok(f"checkpoint of the log {head.origin} at {head.size} entries, signed by its key")
    report_times(signed, report)

    seen = [each for each in kept.read(state) if each.checkpoint.origin == head.origin] if state.exists() else []
    before = max(seen, key=lambda each: each.checkpoint.size, default=None)
    edge = before.edge.copy() if before else Edge()
    if before is not None and head.size <= before.checkpoint.size:
        if head not in [each.checkpoint for each in seen]:
            raise NotGenuine(f"the log had {before.checkpoint.size} entries and has another tree of {head.size} now")
        if head.size < before.checkpoint.size:
            raise CannotTell(
                f"the log shows an old checkpoint; {before.checkpoint.size} entries were seen. Ask again later"
            )
        report.ok("nothing was appended since the last checkpoint that was kept")
        return
    walked = _walk(log, edge, head.size)
    if edge.root != head.root:
        raise NotGenuine("the entries that the log serves do not give the root that it signed")
    since = f"since the kept checkpoint at {before.checkpoint.size} entries" if before else "since its beginning"
    report.ok(f"{walked['tiles']} tiles are right, and the log has only been appended to {since}")
    if walked["unknown"]:
        report.note(f"{walked['unknown']} entries are of a kind that this program does not know")
    kept.append(state, now_ms, signed, edge)
    report.ok(f"kept in {state}")


def _walk(log: Log, edge: Edge, size: int) -> Counter[str]:
    """Appends to the edge what the log serves up to the size, and compares all tiles that this fills or changes."""
    start, counts = edge.size, Counter[str]()
    leaves = tiles.Level(log, 0, edge.copy(), size)
    for index in range(start // tiles.WIDTH, -(-size // tiles.WIDTH)):
        first = index * tiles.WIDTH
        for at, entry in enumerate(tiles.bundle(log, index, min(tiles.WIDTH, size - first)), first):
            if at < start:
                continue
            counts["unknown"] += entries.parse(entry) is None
            leaf = leaf_hash(entry)
            edge.append(leaf)
            leaves.add(leaf)
    counts["tiles"] = leaves.finish()
    return counts
