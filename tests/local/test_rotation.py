"""A rotation of the keys, as an operator does it."""

import os
import subprocess
import sys

from infra import ROOT
from tests.support.running_daybook import LocalDaybook, make_tenant

TENANT = "rotation-http"
ANY = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": "us-east-1"}


def test_the_command_rotates_and_searches_go_on(local_daybook: LocalDaybook) -> None:
    """A cursor from before it opens afterwards, and the ids of events stay what they were."""
    secrets = local_daybook.aws("secretsmanager").list_secrets()["SecretList"]
    (secret,) = [each for each in secrets if "Canary" not in each["Name"]]
    (control,) = [name for name in local_daybook.aws("dynamodb").list_tables()["TableNames"] if "Control" in name]
    with local_daybook.operations as operations:
        assert make_tenant(operations, TENANT).status_code == 201
    with local_daybook.client(local_daybook.operations_key, **{"Daybook-Tenant": TENANT}) as client:
        event = {"id": "1", "occurred_at": "2026-11-22T16:31:07Z", "activity": "a.b", "actor": {"type": "system"}}
        sent = [client.post("/v1/events", json={**event, "id": number}).json() for number in "123"]
        first = client.get("/v1/events", params={"limit": 1, "activity": "a.b"}).json()
        ended = subprocess.run(  # noqa: S603  our own command
            [sys.executable, "-m", "infra.operate.rotate_keys", "--secret", secret["ARN"], "--control", control],
            cwd=ROOT,
            env={
                **os.environ,
                **ANY,
                "AWS_ENDPOINT_URL": local_daybook.aws_url,
                "PYTHONPATH": f"{ROOT}:{ROOT}/lambdas",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        assert ended.stdout.startswith("The new keys begin at 2")
        more = client.get("/v1/events", params={"limit": 1, "activity": "a.b", "cursor": first["next_cursor"]})
        assert more.status_code == 200
        assert more.json()["events"][0]["id"] != first["events"][0]["id"]
        assert client.post("/v1/events", json=event).json()["results"][0]["id"] == sent[0]["results"][0]["id"]
