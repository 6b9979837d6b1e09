"""The operators' command, and keys that end, against the running laptop."""

from typing import Any

import pytest

from infra.operate import operators_keys
from tests.support.running_daybook import LocalDaybook, make_tenant


@pytest.fixture
def command(local_daybook: LocalDaybook, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs the command, which must succeed. Returns what it shows, and what it says beside that."""

    def run(*arguments: str) -> tuple[str, str]:
        assert operators_keys.main(arguments, connect=lambda _: local_daybook.aws) == 0
        captured = capsys.readouterr()
        return captured.out, captured.err

    return run


def test_the_command_makes_limits_lists_and_revokes_keys(local_daybook: LocalDaybook, command: Any) -> None:
    """A made key works at once, is refused from its end on, and everything is in the log of `daybook`."""
    shown, said = command("make", "--label", "Night shift")
    credential = shown.strip()
    key_id = credential.split("_")[1]
    assert "Valid until" in said
    with local_daybook.client(credential) as client:
        assert client.get("/v1/tenants").status_code == 200
        used = next(line for line in command("list")[0].splitlines() if line.startswith(key_id))
        assert "Night shift" in used
        assert "last used 2" in used
        command("expire", key_id, "--days", "0")
        assert client.get("/v1/tenants").status_code == 401
        assert f"{key_id}  Night shift" in command("list")[0]
        assert "EXPIRED" in command("list")[0]
    command("revoke", key_id)
    assert key_id not in command("list")[0]
    with local_daybook.client(local_daybook.operations_key, **{"Daybook-Tenant": "daybook"}) as operations:
        events = operations.get("/v1/events", params={"sort": "occurred_at", "activity": "audit-log.operators-key-*"})
        told = [(event["actor"]["type"], event["details"]) for event in events.json()["events"]]
    mine = [(kind, details) for kind, details in told if key_id in details]
    assert {kind for kind, _ in mine} == {"user"}, "the AWS identity that ran the command"
    words = [details.removeprefix(f"Operators' key {key_id} (Night shift) ").split()[0] for _, details in mine]
    assert words == ["created,", "valid", "revoked"]


def test_a_rotated_key_ends_at_once_where_nothing_overlaps(local_daybook: LocalDaybook) -> None:
    """The new one works, the list says so, and what is revoked is gone; operators' keys by calls likewise."""
    with local_daybook.operations as operations:
        assert make_tenant(operations, "rotating").status_code == 201
        body = {"role": "auditor", "label": "SIEM"}
        old = operations.post("/v1/tenants/rotating/keys", json=body).json()
        path = f"/v1/tenants/rotating/keys/{old['key_id']}/rotate"
        new = operations.post(path, json={"overlap_seconds": 0}).json()
    for made, status in ((old, 401), (new, 200)):
        with local_daybook.client(made["key"]) as client:
            assert client.get("/v1/catalogue").status_code == status
    with local_daybook.operations as operations:
        listed = operations.get("/v1/tenants/rotating/keys").json()["keys"]
        assert [bool(key["last_used_at"]) for key in listed] == [False, True]
        assert operations.delete(f"/v1/tenants/rotating/keys/{old['key_id']}").status_code == 204
        made = operations.post("/v1/operators/keys", json={"label": "Day shift"}).json()["key_id"]
        assert made in {key["key_id"] for key in operations.get("/v1/operators/keys").json()["keys"]}
        assert operations.delete(f"/v1/operators/keys/{made}").status_code == 204
