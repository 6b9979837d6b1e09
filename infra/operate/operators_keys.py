"""Operators' keys: `python -m infra.operate.operators_keys list | make | expire | revoke | flush`.

`make` is how a deployment gets its first credential: the API can't create one without one. What is done is recorded in
the log of the tenant `daybook`, by the AWS identity that runs the command. `flush` makes the gateway forget which
credentials it has found valid, also those of tenants: without it, a key that was revoked or has expired is refused
within a minute.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TextIO

from daybook.access.api_keys import MAX_KEYS, IssuedKey
from daybook.access.roles import OPERATIONS
from daybook.clock import DAY, Clock, format_time, system_clock
from daybook.errors import TooManyKeys, UnknownKey
from daybook.http import forms
from daybook.http.caller import EVERY_ENVIRONMENT, Caller, User
from daybook.http.problem import Problem
from daybook.http.request import Request
from daybook.operators.keys import DEFAULT_DAYS, MAX_DAYS
from infra.names import SERVICE, named
from infra.operate.aws import Clients, clients, which_stage
from infra.operate.deployed import Deployed
from infra.operate.failures import Stopped, in_sentences
from tenants.key_bodies import MAX_LABEL

_RECORD_SECONDS = 28.0  # as long as a function has


@dataclass(frozen=True)
class Command:
    deployed: Deployed
    say: Callable[[str], None]
    """To whoever runs the command."""
    show: Callable[[str], None]
    """What was asked for."""
    clock: Clock = system_clock

    def run(self, action: str, key_id: str, label: str, days: int) -> None:
        """Raises `UnknownKey`, `TooManyKeys`, `Contended`, `Throttled`, `Stopped`, `Problem`, and botocore's."""
        match action:
            case "list":
                self.list()
            case "make":
                self.make(label, days)
            case "expire":
                self.expire(key_id, days)
            case "revoke":
                self.revoke(key_id)
            case "flush":
                self.flush()

    def list(self) -> None:
        wiring, now_ms = self.deployed.wiring(), self.clock()
        keys = wiring.operators_keys.all()
        used = wiring.last_uses.last_used([key.id for key in keys])
        for key in keys:
            state = "valid until" if key.is_valid_at(now_ms) else "EXPIRED at"
            ends = f"{state} {key.valid_until}" if key.valid_until else "valid until it is revoked"
            self.show(f"{key.id}  {key.label}  made {key.created_at}  {ends}  last used {used.get(key.id, 'never')}")

    def make(self, label: str, days: int) -> None:
        """Shows the credential once it is stored, and nothing else."""
        forms.text("label", label, MAX_LABEL)
        key, issued = self.deployed.wiring().operators_keys.make(self._request(), label, self._in(days))
        self.show(key.credential)
        self.say(f"Valid until {issued.valid_until}.")

    def expire(self, key_id: str, days: int) -> None:
        until = self._in(days)
        issued = self.deployed.wiring().operators_keys.limit(self._request(), key_id, until)
        self.say(f"{_named(issued)} is valid until {until}.")

    def revoke(self, key_id: str) -> None:
        issued = self.deployed.wiring().operators_keys.revoke(self._request(), key_id)
        self.say(f"{_named(issued)} is revoked. The gateway refuses it within 60 s, or at once after `flush`.")

    def flush(self) -> None:
        if self.deployed.flush_authorizers():
            self.say("The gateway asks about every credential again.")
        else:
            self.say("Nothing keeps answers about credentials here, as on a laptop: there is nothing to flush.")

    def _in(self, days: int) -> str:
        return format_time(self.clock() + days * DAY)

    def _request(self) -> Request:
        """The command as a call: whoever runs it is the person of an AWS identity."""
        issuer, _, subject = self.deployed.caller().rpartition(":")
        user = User(issuer, subject, username=subject)
        caller = Caller(OPERATIONS, "", EVERY_ENVIRONMENT, credential=subject, label="", user=user)
        return Request(
            route=None,
            path="",
            method="",
            parameters={},
            query={},
            headers={},
            body=b"",
            source_ip="",
            user_agent=None,
            request_id="",
            extended_request_id="",
            remaining_seconds=lambda: _RECORD_SECONDS,
            authorizer=caller.context(),
        )


def _named(issued: IssuedKey) -> str:
    return f"Key {issued.id} ({issued.label})"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.operate.operators_keys",
        parents=[which_stage()],
        description="Lists, makes, limits and revokes the keys that reach every tenant, and makes the gateway forget "
        "at once which credentials it has found valid.",
    )
    parser.add_argument("action", choices=("list", "make", "expire", "revoke", "flush"))
    parser.add_argument("key_id", nargs="?", help="for expire and revoke: the key's id, as `list` shows it")
    parser.add_argument("--label", help="for make: whose key it is; the audit log shows it with each call")
    parser.add_argument(
        "--days",
        type=_days,
        default=DEFAULT_DAYS,
        help=f"for make and expire: in how many days the key ends ({DEFAULT_DAYS})",
    )
    return parser


def _days(text: str) -> int:
    if not text.isdecimal() or int(text) > MAX_DAYS:
        raise argparse.ArgumentTypeError(f"must be a number from 0 to {MAX_DAYS}")
    return int(text)


def _line(stream: TextIO, text: str) -> None:
    stream.write(f"{text}\n")


@in_sentences("", again="See `list`, and run it again.")
def main(arguments: Sequence[str], *, connect: Callable[[argparse.Namespace], Clients] = clients) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    needed = {"make": "label", "expire": "key_id", "revoke": "key_id"}.get(options.action)
    if needed and not getattr(options, needed):
        parser.error(f"{options.action} needs {'--label' if needed == 'label' else 'the id of a key'}")
    if options.action == "make" and not options.days:
        parser.error("make needs --days of at least 1: a key of 0 days is never valid")
    try:
        deployed = Deployed(connect(options), named(SERVICE, options.stage))
        command = Command(deployed, say=partial(_line, sys.stderr), show=partial(_line, sys.stdout))
        command.run(options.action, options.key_id, options.label, options.days)
    except UnknownKey:
        raise Stopped("Nothing was done: there is no such key.") from None
    except TooManyKeys:
        raise Stopped(f"Nothing was done: there are {MAX_KEYS:,} keys. Revoke those that nobody needs.") from None
    except Problem as problem:
        raise Stopped(f"{problem}") from None
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
