"""Gives the canary its tenant and its key:
`DAYBOOK_OPERATIONS_KEY=dbk_… python -m infra.operate.set_up_canary`.

The key is tried, then put into the canary's secret, and the canary's earlier keys are revoked. So the command can be
run again at any time: to give it another key, or after it failed halfway.
"""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from canary.api import Api, Unanswered
from canary.canary import send_and_read
from daybook.access.roles import ADMIN
from daybook.clock import Clock, system_clock
from infra.names import SERVICE, STORAGE, named
from infra.operate.aws import Clients, clients, outputs, which_stage

TENANT, ENVIRONMENT, LABEL = "daybook-canary", "prod", "canary"
KEY = "DAYBOOK_OPERATIONS_KEY"


@dataclass(frozen=True)
class SetUp:
    api: Api
    """With a key of operations."""
    store: Callable[[str], None]
    """Puts a text into the canary's secret."""
    clock: Clock = system_clock

    def run(self) -> None:
        """Raises `Unanswered`, and what `store` raises."""
        tenant = {"tenant": TENANT, "name": "Canary", "profile": "generic", "environments": [ENVIRONMENT]}
        self.api.call("POST", "/v1/tenants", 201, 409, body=tenant)
        keys = f"/v1/tenants/{TENANT}/keys"
        made = self.api.call("POST", keys, 201, body={"role": ADMIN, "environment": ENVIRONMENT, "label": LABEL})
        send_and_read(Api(self.api.url, made["key"]), self.clock())
        self.store(msgspec.json.encode({"key": made["key"]}).decode())
        for key in self.api.call("GET", keys, 200)["keys"]:
            if key["label"] == LABEL and key["key_id"] != made["key_id"]:
                self.api.call("DELETE", f"{keys}/{key['key_id']}", 204, 404)


def main(
    arguments: Sequence[str], *, environ: Mapping[str, str] = os.environ, connect: Callable[[Any], Clients] = clients
) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m infra.operate.set_up_canary",
        description=f"Gives the canary its tenant, {TENANT}, and a new key. {KEY} must hold a key of operations.",
        parents=[which_stage()],
    )
    parser.add_argument("--url", help="where the API answers, if not at the service stack's output Url")
    options = parser.parse_args(arguments)
    if not environ.get(KEY):
        sys.stderr.write(f"Set {KEY} to a key of operations.\n")
        return 1
    try:
        aws = connect(options)
        url = options.url or outputs(aws, named(SERVICE, options.stage))["Url"]
        secret = outputs(aws, named(STORAGE, options.stage))["CanarySecret"]

        def store(text: str) -> None:
            aws("secretsmanager").put_secret_value(SecretId=secret, SecretString=text)

        SetUp(Api(url, environ[KEY]), store).run()
    except (BotoCoreError, ClientError, Unanswered) as failure:
        sys.stderr.write(f"The canary is not set up: {failure}\n")
        return 1
    sys.stdout.write("The canary has a new key. An event was sent with it and read back.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
