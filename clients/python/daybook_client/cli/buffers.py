"""`daybook buffer`: what waits on this machine's disk to be sent, and what was rejected."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from daybook_client.cli import codes
from daybook_client.cli.problems import UsageProblem
from daybook_client.cli.registering import command
from daybook_client.cli.session import Session

if TYPE_CHECKING:
    from daybook_client.buffer.buffer import Buffer

COLUMNS = ["buffer", "waiting", "rejected", "dropped", "bytes", "oldest", "last_error"]
Place = Annotated[
    str,
    typer.Option("--buffer", metavar="PATH", help="A buffer's file, or a directory; the user's own unless given."),
]


GROUP = typer.Typer(
    help="Look after events that wait on this machine's disk to be sent, or were rejected.", no_args_is_help=True
)


@command(GROUP, "status", "daybook buffer status", "daybook buffer status --buffer /var/lib/shop", connection=False)
def status(session: Session, place: Place = "") -> int:
    """Show what each buffer holds, and why sending fails."""
    from daybook_client.buffer import queue

    found = []
    for buffer in _buffers(session, place):
        told = queue.status(buffer)
        damaged = [str(path) for path in told.damaged]
        values = (
            str(told.path),
            told.waiting,
            told.rejected,
            told.dropped,
            told.bytes,
            told.oldest,
            told.last_error,
        )
        found.append({**dict(zip(COLUMNS, values)), "max_bytes": told.max_bytes, "damaged": damaged})
    if not session.for_people:
        for one in found:
            session.json(one)
    elif len(found) == 1:
        session.facts(found[0])
    elif found:
        session.table(COLUMNS, [[one[column] for column in COLUMNS] for one in found])
    return codes.DONE


@command(GROUP, "rejected", "daybook buffer rejected", "daybook buffer rejected | jq .event.activity", connection=False)
def rejected(session: Session, place: Place = "") -> int:
    """Show the events that Daybook did not take, with its reasons. Exit code 1 if there are any."""
    from daybook_client.buffer import queue

    count = 0
    for buffer in _buffers(session, place):
        for one in queue.rejected(buffer):
            count += 1
            at = datetime.fromtimestamp(one.at, timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")
            if not session.for_people:
                session.json({"at": at, "code": one.code, "errors": one.errors, "event": one.event})
                continue
            session.line(f"{at}  {one.event.get('activity')}  {one.event.get('id')}: {one.code}")
            for fault in one.errors:
                session.line(f"  {fault.get('path') or 'event'}: {fault.get('message')}")
    return codes.REJECTED if count else codes.DONE


@command(GROUP, "retry", "daybook buffer retry", connection=False, json=False)
def retry(session: Session, place: Place = "") -> int:
    """Let the rejected events wait to be sent again, after what was wrong is mended."""
    from daybook_client.buffer import queue

    count = sum(queue.retry_rejected(buffer) for buffer in _buffers(session, place))
    session.say(f"{_events(count)} to be sent again: by the product that uses the buffer, or by daybook buffer flush.")
    return codes.DONE


@command(GROUP, "discard", "daybook buffer discard --yes", connection=False, json=False)
def discard(
    session: Session,
    place: Place = "",
    sure: Annotated[bool, typer.Option("--yes", help="They can't be had back.")] = False,
) -> int:
    """Delete the rejected events."""
    from daybook_client.buffer import queue

    if not sure:
        raise UsageProblem("Rejected events can't be had back. Keep them: daybook buffer rejected. Delete: --yes.")
    count = sum(queue.discard_rejected(buffer) for buffer in _buffers(session, place))
    session.say(f"Deleted: {_events(count)}.")
    return codes.DONE


@command(GROUP, "flush", "daybook buffer flush --timeout 60", json=False)
def flush(
    session: Session,
    place: Place = "",
    timeout: Annotated[float, typer.Option(min=0.1, metavar="SECONDS", help="How long to try.")] = 30.0,
) -> int:
    """Send what waits in the buffer of this key. Exit code 4 if some still waits, 1 if some was rejected."""
    from daybook_client.client import Daybook

    found = session.connection
    refused: list[Any] = []
    daybook = Daybook(
        found.url, found.key, buffer=place or None, tenant=found.tenant or None, on_rejected=refused.append
    )
    try:
        done = daybook.flush(timeout)
        told = daybook.status()
    finally:
        daybook.close(0.1)
    if not done:
        session.say(f"Still waiting: {_events(told.waiting)}. {told.last_error or 'There was no time'}")
        return codes.UNREACHABLE
    session.say(f"Nothing of this key waits.{f' Rejected: {_events(len(refused))}.' if refused else ''}")
    return codes.REJECTED if refused else codes.DONE


def register(app: typer.Typer) -> None:
    app.add_typer(GROUP, name="buffer")


def _events(count: int) -> str:
    return "1 event" if count == 1 else f"{count} events"


def _buffers(session: Session, place: str) -> list[Buffer]:
    """The buffers at a place, none of which is made by looking."""
    from daybook_client.buffer.buffer import Buffer
    from daybook_client.buffer.places import SUFFIX, state_directory

    where = Path(place).expanduser() if place else state_directory()
    paths = [where] if where.is_file() else sorted(where.glob(f"*{SUFFIX}"))
    if place and not where.exists():
        raise UsageProblem(f"{place}: there is no such file or directory")
    if not paths:
        session.say(f"There is no buffer in {where}.")
    return [Buffer(path) for path in paths]
