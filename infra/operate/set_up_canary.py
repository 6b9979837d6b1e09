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

from canary.api import Api, Unanswered
from canary.canary import send_and_read
from daybook.access.roles import ADMIN
from daybook.clock import Clock, system_clock
from infra.names import SERVICE, STORAGE, named
from infra.operate.aws import Clients, clients, outputs, which_stage
from infra.operate.failures import Stopped, in_sentences

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


@in_sentences("The canary is not set up.")
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
        raise Stopped(f"Set {KEY} to a key of operations.")
    aws = connect(options)
    url = options.url or outputs(aws, named(SERVICE, options.stage))["Url"]
    secret = outputs(aws, named(STORAGE, options.stage))["CanarySecret"]

    def store(text: str) -> None:
        aws("secretsmanager").put_secret_value(SecretId=secret, SecretString=text)

    try:
        SetUp(Api(url, environ[KEY]), store).run()
    except Unanswered as failure:
        raise Stopped(_why(failure, url)) from None
    sys.stdout.write("The canary has a new key. An event was sent with it and read back.\n")
    return 0


def _why(failure: Unanswered, url: str) -> str:
    if failure.status is None:
        return f"Nothing answers at {url}: {failure}. Give --url where the API answers elsewhere, and run it again."
    if failure.status in (401, 403):
        return f"The API does not accept the key in {KEY} as an operators' key: {failure}."
    return f"The API answers, but not as it should: {failure}. Its logs have the call by its extended request id."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
