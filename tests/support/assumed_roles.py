"""STS in memory."""

import threading
from datetime import UTC, datetime
from typing import Any

from daybook.clock import HOUR


class MemorySts:
    """Gives sessions of an hour. Their key, secret and token name the external id, or the tag, and the number of the
    call.
    """

    def __init__(self) -> None:
        self.now = 0
        self.asked: list[dict[str, Any]] = []
        self.refusal: Exception | None = None
        self.may_answer = threading.Event()
        self.may_answer.set()

    def assume_role(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(asked)
        number = len(self.asked)
        assert self.may_answer.wait(10)
        if self.refusal is not None:
            raise self.refusal
        end = datetime.fromtimestamp((self.now + HOUR) / 1_000, UTC)
        of = f"{asked['ExternalId'] if 'ExternalId' in asked else asked['Tags'][0]['Value']}-{number}"
        session = {"AccessKeyId": f"key-{of}", "SecretAccessKey": f"secret-{of}", "SessionToken": f"token-{of}"}
        return {"Credentials": {**session, "Expiration": end}}
