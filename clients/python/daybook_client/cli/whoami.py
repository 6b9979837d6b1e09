"""`daybook whoami`."""

from __future__ import annotations

from typing import Any

import typer

from daybook_client.cli import codes
from daybook_client.cli.registering import command
from daybook_client.cli.session import Session
from daybook_client.errors import DaybookError


def register(app: typer.Typer) -> None:
    @command(app, "whoami", "daybook whoami", "daybook whoami --profile staging --json")
    def whoami(session: Session) -> int:
        """Show which Daybook this is, and what the key may do there."""
        found = session.connection
        me: dict[str, Any] = session.reading.call("GET", "/v1/me")
        credential = me.get("credential") or {}
        if found.tenant and me.get("tenant") != found.tenant:
            session.say(f"This key is of the tenant {me.get('tenant')}: only an operations key can name another one.")
        session.facts(
            {
                "url": found.url,
                "profile": found.profile or None,
                "tenant": me.get("tenant"),
                "name": me.get("name"),
                "view": me.get("view"),
                "role": me.get("role"),
                "environment": found.environment or me.get("environment"),
                "environments": me.get("environments"),
                "key": credential.get("id"),
                "label": credential.get("label"),
                "valid_until": _valid_until(session, me),
                "retained_from": me.get("retained_from"),
                "audit_since": me.get("audit_since"),
                "legal_hold": me.get("legal_hold"),
            }
        )
        return codes.DONE


def _valid_until(session: Session, me: dict[str, Any]) -> str | None:
    """Only who may list keys can tell. None: for ever, or unknown."""
    if me.get("role") not in ("admin", "operations") or not me.get("tenant"):
        return None
    try:
        listed = session.reading.call("GET", f"/v1/tenants/{me['tenant']}/keys")["keys"]
    except DaybookError:
        return None
    own = (me.get("credential") or {}).get("id")
    return next((key.get("valid_until") for key in listed if key["key_id"] == own), None)
