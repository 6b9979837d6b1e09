"""`daybook keys`: the keys of a tenant."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from daybook_client.cli import codes
from daybook_client.cli.columns import TIME
from daybook_client.cli.options import completing
from daybook_client.cli.problems import UsageProblem
from daybook_client.cli.registering import command
from daybook_client.cli.session import Session

COLUMNS = ["key_id", "role", "environment", "label", "created_at", "valid_until", "last_used_at"]
HEADINGS = ["key_id", "role", "environment", "label", "created", "until", "last_used"]
"""Of the table, which has days only: 80 columns hold no seven names and three times. JSON has the times."""
ROLES = ("producer", "auditor", "admin")
KeyId = Annotated[str, typer.Argument(metavar="KEY_ID", help="As daybook keys list shows it.")]


GROUP = typer.Typer(help="Look after the tenant's keys. Needs an admin's or an operations key.", no_args_is_help=True)


@command(GROUP, "list", "daybook keys list", "daybook keys list --tenant acme")
def list_keys(session: Session) -> int:
    """List the keys, those that have ended included. Secrets are never shown again."""
    listed = session.reading.call("GET", _path(session))["keys"]
    if session.for_people:
        session.table(HEADINGS, [[_to_the_day(key.get(column)) for column in COLUMNS] for key in listed])
    else:
        for key in listed:
            session.json(key)
    return codes.DONE


@command(
    GROUP,
    "create",
    "daybook keys create --role producer --environment prod --label billing",
    "daybook keys create --role auditor --label SIEM --valid-until 2027-06-01T00:00:00Z > siem.key",
)
def create(
    session: Session,
    role: Annotated[
        str, typer.Option(metavar="ROLE", help="producer, auditor or admin.", autocompletion=completing(ROLES))
    ],
    label: Annotated[str, typer.Option(metavar="TEXT", help="What the key is for.")],
    *,
    valid_until: Annotated[str, typer.Option(metavar="TIME", help="When it ends; never unless given.")] = "",
) -> int:
    """Make a key. It is shown this once; in a pipe it stands alone. Without --environment it is for all."""
    asked = {"role": role, "environment": session.connection.environment or "*", "label": label}
    body = {**asked, "valid_until": valid_until or None}
    made = session.reading.call("POST", _path(session), json={k: v for k, v in body.items() if v})
    return _show_new(session, made)


@command(
    GROUP,
    "rotate",
    "daybook keys rotate k7m2p9",
    "daybook keys rotate k7m2p9 --overlap 0 > billing.key",
)
def rotate(
    session: Session,
    key_id: KeyId,
    overlap: Annotated[int, typer.Option(min=0, metavar="SECONDS", help="How long the old key stays valid.")] = 3600,
) -> int:
    """Make a key like another one, which ends after a while."""
    path = f"{_path(session)}/{quote(key_id, safe='')}/rotate"
    return _show_new(session, session.reading.call("POST", path, json={"overlap_seconds": overlap}))


@command(GROUP, "revoke", "daybook keys revoke k7m2p9", json=False)
def revoke(session: Session, key_id: KeyId) -> int:
    """End a key, within a minute at most."""
    session.reading.call("DELETE", f"{_path(session)}/{quote(key_id, safe='')}")
    session.say(f"{key_id} is revoked.")
    return codes.DONE


def register(app: typer.Typer) -> None:
    app.add_typer(GROUP, name="keys")


def _path(session: Session) -> str:
    tenant = session.connection.tenant or session.reading.call("GET", "/v1/me").get("tenant")
    if not tenant:
        raise UsageProblem("An operations key needs --tenant.")
    return f"/v1/tenants/{quote(str(tenant), safe='')}/keys"


def _to_the_day(value: Any) -> Any:
    return value[:10] if isinstance(value, str) and TIME.fullmatch(value) else value


def _show_new(session: Session, made: dict[str, Any]) -> int:
    if session.for_people:
        session.facts({name: value for name, value in made.items() if name != "key"})
        session.line(made["key"])
        session.say("The key is not shown again.")
    elif session.wants_json:
        session.json(made)
    else:
        session.line(made["key"])
        session.say(f"Key {made['key_id']}: {made['role']}, environment {made['environment']}.")
    return codes.DONE
