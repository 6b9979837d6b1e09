"""The question of an export: which events it asks for, and the people whom its filters mean.

Filters may name people, and a job's row is stored in the clear. So these filters lie sealed in the row until the job
ends: see `Job.sealed`.
"""

from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from daybook.crypto.keys import DeploymentKeys
from daybook.jobs.export import Ask
from daybook.jobs.job import Job
from daybook.jobs.sealed import open_sealed_part, seal_for
from daybook.people.lookup import Named
from daybook.search.parameters import Parameters, parse_parameters


class SealedQuestion(Struct):
    """The part of an export's question that may name people."""

    query: dict[str, list[str]]
    named: list[Named]
    """Whom each name of the query meant when the export was requested."""


class Question(NamedTuple):
    parameters: Parameters
    named: dict[str, Named]


def seal_question(keys: DeploymentKeys, job: Job, question: SealedQuestion) -> str:
    return seal_for(job, [msgspec.to_builtins(question)], keys, job.created_ms)


def open_question(keys: DeploymentKeys, job: Job, ask: Ask) -> Question:
    (question,) = open_sealed_part(job, keys) or [{}]
    opened = msgspec.convert(question, _Opened)
    named = [
        Named(
            each["text"],
            frozenset(each["guids"]),
            frozenset(each["types"]),
            each["is_certain"],
            each["by_address"],
            each["is_crowded"],
        )
        for each in opened.named
    ]
    return Question(parse_parameters({**ask.query, **opened.query}), {one.text: one for one in named})


class _Opened(Struct):
    query: dict[str, list[str]] = {}
    named: list[dict[str, Any]] = []
