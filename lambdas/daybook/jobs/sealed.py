"""The sealed part of a job: what it has to know and what may name people. It is deleted when the job ends.

Its key is rotated. The number of the key's generation stands before the sealed text.
"""

from typing import Any

from daybook.crypto.generations import Generation
from daybook.crypto.hkdf import hkdf
from daybook.crypto.keys import DeploymentKeys
from daybook.crypto.sealing import Place, open_sealed, seal
from daybook.jobs.job import Job

_KEY_BYTES = 64


class UnknownGeneration(LookupError):  # noqa: N818  a fact, which the next reading of the secret may change
    """The key under which the part was sealed is not in the secret as it was read last."""


def seal_for(job: Job, fields: list[Any], keys: DeploymentKeys, now_ms: int) -> str:
    generation = keys.jobs.current(now_ms)
    return f"{generation.number}.{seal(fields, _key(generation, job), _place(job))}"


def open_sealed_part(job: Job, keys: DeploymentKeys) -> list[Any] | None:
    """None where the job has no sealed part. Raises `UnknownGeneration`."""
    if job.sealed is None:
        return None
    number, _, sealed = job.sealed.partition(".")
    generation = keys.jobs.numbered(int(number))
    if generation is None:
        raise UnknownGeneration(number)
    return open_sealed(sealed, _key(generation, job), _place(job))


def generation_of(job: Job) -> int | None:
    """The number of the key that the job needs; None where it needs none."""
    return None if job.sealed is None else int(job.sealed.partition(".")[0])


def _key(generation: Generation, job: Job) -> bytes:
    return hkdf(generation.key, f"daybook 1 job {job.kind}".encode(), _KEY_BYTES)


def _place(job: Job) -> Place:
    return Place(job.tenant, "", job.id, "")
