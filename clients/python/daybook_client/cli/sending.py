"""`daybook send`."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Annotated, Any

import typer

from daybook_client.cli import codes
from daybook_client.cli.options import STATUSES, completing
from daybook_client.cli.problems import UsageProblem
from daybook_client.cli.registering import command
from daybook_client.cli.session import Session

BATCH = 500
MAX_BATCH_BYTES = 2_900_000  # of 3 MB
PATIENCE = 60.0  # seconds
UNREADABLE = ""
"""No event has a field of this name."""


def register(app: typer.Typer) -> None:
    @command(
        app,
        "send",
        "daybook send user.signed_in --actor mike.mars --ip 203.0.113.7",
        "daybook send invoice.approved --actor mike.mars --target invoice:1042 --param amount=1250",
        "daybook send backup.failed --system --status failure --details 'the disk is full'",
        "daybook send - < events.ndjson",
    )
    def send(
        session: Session,
        activity: Annotated[str, typer.Argument(metavar="ACTIVITY", help="What was done; - reads events from stdin.")],
        *,
        actor: Annotated[str, typer.Option(metavar="USERNAME", help="Who did it.")] = "",
        actor_id: Annotated[str, typer.Option(metavar="ID", help="Your stable id of that person.")] = "",
        system: Annotated[bool, typer.Option("--system", help="No person did it.")] = False,
        param: Annotated[
            list[str],
            typer.Option(
                metavar="NAME=VALUE",
                default_factory=list,
                show_default=False,
                help="A parameter; repeat it for more. true, false and integers are what they look like.",
            ),
        ],
        target: Annotated[str, typer.Option(metavar="TYPE:ID", help="What it was done to.")] = "",
        details: Annotated[str, typer.Option(metavar="TEXT", help="What happened, in words.")] = "",
        status: Annotated[
            str, typer.Option(metavar="STATUS", help="success or failure.", autocompletion=completing(STATUSES))
        ] = "",
        variant: Annotated[str, typer.Option(metavar="NAME", help="The activity's variant.")] = "",
        ip: Annotated[str, typer.Option(metavar="ADDRESS", help="Where it came from.")] = "",
        own_id: Annotated[
            str, typer.Option("--id", metavar="ID", help="Your own id; needs --occurred-at. Made up unless given.")
        ] = "",
        occurred_at: Annotated[str, typer.Option(metavar="TIME", help="When it happened; now unless given.")] = "",
    ) -> int:
        """Send an event, or events from stdin: one JSON object a line. Waits for the answer.

        Each event gets an id and a time, so that trying again stores nothing twice. Tries for a minute at most.
        """
        if activity == "-":
            return _send_all(session, _from_stdin(session))
        if not actor and not actor_id and not system:
            raise UsageProblem("Say who did it: --actor USERNAME, --actor-id ID or --system.")
        if own_id and not occurred_at:
            raise UsageProblem("--id needs --occurred-at: both together are what makes a repeat harmless.")
        event: dict[str, Any] = {
            "activity": activity,
            "actor": {"type": "system"} if system else _given(type="user", username=actor, id=actor_id),
            "target": _target(target) if target else None,
            "params": dict(map(_parameter, param)) or None,
            "context": _given(ip=ip) or None,
            **_given(details=details, status=status, variant=variant, id=own_id, occurred_at=occurred_at),
        }
        return _send_all(session, iter([(0, event)]))


class _Sending:
    """Events of one command on their way: batched, posted, and told about."""

    def __init__(self, session: Session) -> None:
        from daybook_client.cli.posting import Poster

        self._session = session
        self._told = False
        self._post = Poster(session.transport, self._wait, PATIENCE)
        self._batch: list[tuple[int, bytes]] = []
        self._bytes = 0
        self.stored = self.rejected = 0

    def add(self, number: int, body: bytes) -> None:
        if len(self._batch) >= BATCH or self._bytes + len(body) > MAX_BATCH_BYTES:
            self.flush()
        self._batch.append((number, body))
        self._bytes += len(body) + 1

    def flush(self) -> None:
        if self._batch:
            for (number, _), result in zip(self._batch, self._post([body for _, body in self._batch])):
                self.tell(number, {name: value for name, value in result.items() if name != "index"})
        self._batch, self._bytes = [], 0

    def _wait(self, seconds: float) -> None:
        if not self._told:
            self._session.say("Daybook has not taken the events yet. Trying for a minute.")
            self._told = True
        self._session.around.sleep(seconds)

    def tell(self, number: int, result: dict[str, Any]) -> None:
        """One line for what became of an event; `number` is its line, 0 for one from options."""
        session = self._session
        stored = result["status"] == "stored"
        self.stored += stored
        self.rejected += not stored
        with suppress(BrokenPipeError):  # the events are sent all the same: `| head` is about what is shown
            if not session.for_people:
                session.json({"line": number, **result} if number else result)
            elif stored and not number:
                session.line(f"Stored as {result['id']}")
        if not stored:
            session.say(f"{f'line {number}: ' if number else ''}rejected: {result.get('code')}")
            for fault in result.get("errors") or []:
                session.say(f"  {fault.get('path') or 'event'}: {fault.get('message')}")


def _send_all(session: Session, numbered: Iterator[tuple[int, dict[str, Any]]]) -> int:
    from daybook_client.errors import InvalidEventError
    from daybook_client.events import make_event

    sending = _Sending(session)
    for number, event in numbered:
        if UNREADABLE in event:
            faults = [{"path": "", "message": "the line is no JSON object"}]
            sending.tell(number, {"status": "rejected", "code": "unreadable", "errors": faults})
            continue
        try:
            body = make_event(event, time.time(), session.connection.environment or None).body
        except InvalidEventError as error:
            faults = error.errors or [{"path": "", "message": error.detail}]
            sending.tell(number, {"status": "rejected", "code": error.code, "errors": faults})
        else:
            sending.add(number, body)
    sending.flush()
    if session.for_people and sending.stored + sending.rejected > 1:
        session.line(f"{sending.stored} stored, {sending.rejected} rejected")
    return codes.REJECTED if sending.rejected else codes.DONE


def _from_stdin(session: Session) -> Iterator[tuple[int, dict[str, Any]]]:
    """Lines from 1 on; what is no object is `UNREADABLE`."""
    for number, line in enumerate(session.around.stdin, 1):
        text = line.strip().lstrip("\ufeff")
        if not text:
            continue
        try:
            event = json.loads(text)
        except (ValueError, RecursionError):
            event = None
        yield number, event if isinstance(event, dict) else {UNREADABLE: True}


def _given(**fields: str) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}


def _target(text: str) -> dict[str, str]:
    kind, colon, name = text.partition(":")
    if not colon or not kind or not name:
        raise UsageProblem(f"--target takes TYPE:ID, such as invoice:1042; not {text!r}.")
    return {"type": kind, "username" if kind.lower() == "user" else "id": name}


def _parameter(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageProblem(f"--param takes NAME=VALUE, such as amount=1250; not {text!r}.")
    if value in ("true", "false"):
        return name, value == "true"
    digits = value.removeprefix("-")
    # 007 and +49 are texts; beyond 2^53 an integer is not taken.
    whole = digits.isascii() and digits.isdecimal() and (digits == "0" or digits[0] != "0") and len(digits) < 16
    return name, int(value) if whole and value != "-0" else value
