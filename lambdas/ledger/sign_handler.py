"""Signs logs that the queue names, and finds those that have grown when the schedule invokes it."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from daybook.aws.wiring import Wiring
from daybook.clock import SECOND
from daybook.environment import SignSettings
from daybook.errors import Throttled
from daybook.ledger.signing import SignQueue, SignRequest
from daybook.observability import logger
from ledger.key_ring import KeyRing, pairs
from ledger.sign_rounds import Rounds
from ledger.signer import Archive, Signer

_decode = msgspec.json.Decoder(SignRequest).decode


@cache
def compose() -> Rounds:
    settings = SignSettings.from_environment()
    wiring = Wiring.deployed(settings)
    keys = pairs(settings.head_keys, settings.time_keys, wiring.signing_key)
    ring = KeyRing(keys, wiring.published_keys, f"{settings.log_origin}/time", wiring.clock)
    archive = wiring.checkpoint_bucket(settings.checkpoint_bucket)
    queue = wiring.sign_queue(settings.sign_queue_url)
    return rounds_over(wiring, ring, archive, queue, settings)


def rounds_over(wiring: Wiring, ring: KeyRing, archive: Archive, queue: SignQueue, settings: SignSettings) -> Rounds:
    signer = Signer(
        logs=wiring.logs,
        appends=wiring.appends,
        fold=wiring.fold,
        checkpoints=wiring.checkpoints,
        archive=archive,
        keys=ring,
        log_origin=settings.log_origin,
        clock=wiring.clock,
        random_bytes=wiring.random_bytes,
        count=wiring.count,
    )
    return Rounds(
        codes=lambda: (each.code for each in wiring.control.tenants()),
        logs=wiring.logs,
        appends=wiring.appends,
        checkpoints=wiring.checkpoints,
        signer=signer,
        queue=queue,
        clock=wiring.clock,
        checkpoint_ms=int(settings.checkpoint_seconds) * SECOND,
    )


def handler(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    return serve(event, compose())


def serve(event: Mapping[str, Any], rounds: Rounds) -> dict[str, Any]:
    """Messages of the queue come in `Records`. The schedule's event has none.

    A log whose store is throttled comes again. Any other failure is raised once the other logs are signed, so that it
    counts as the function's.
    """
    if "Records" not in event:
        rounds.wake()
        return {}
    again: list[str] = []
    failures: list[Exception] = []
    for record in event["Records"]:
        try:
            rounds.answer(_decode(record["body"]))
        except msgspec.DecodeError:
            logger.exception("the message asks for no checkpoint", extra={"message_id": record["messageId"]})
        except Throttled:
            again.append(record["messageId"])
        except Exception as failure:  # noqa: BLE001  raised below
            failures.append(failure)
    if failures:
        raise failures[0]
    return {"batchItemFailures": [{"itemIdentifier": each} for each in again]}
