"""Are the logs signed?"""

from daybook import observability
from infra.constructs.monitoring import Alarm, Graph, Question
from infra.stacks.alarms.metrics import OwnMetrics


def logs_are_signed(own: OwnMetrics) -> Question:
    refused, signed = own.count(observability.SIGNING_REFUSED), own.count(observability.LOGS_SIGNED)
    return Question(
        "Are the logs signed?",
        [
            Alarm(
                "SigningRefused",
                refused,
                "a log does not extend what was signed of it: its table was restored, or somebody changed it",
            )
        ],
        [Graph("Checkpoints signed, and refused", [signed], [refused])],
    )
