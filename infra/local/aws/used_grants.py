"""Notes which grants of the roles were used, so that a check can tell those that nothing needs.

A grant is one action on one resource of one statement. Each process appends to a file of its own.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from infra.local.aws.needs import Need
from infra.local.aws.policy import ALLOW, Context, Statement, effect, listed

Grant = tuple[int, str, int]
"""The number of the statement in the role's policy, the action as it stands there, and the number of the resource."""


def grants(statements: Sequence[Statement]) -> list[Grant]:
    return [
        (number, action, place)
        for number, statement in enumerate(statements)
        if statement["Effect"] == ALLOW
        for action in listed(statement["Action"])
        for place in range(len(listed(statement["Resource"])))
    ]


class UsedGrants:
    def __init__(self, folder: Path) -> None:
        self._file = folder / f"{os.getpid()}.txt"
        folder.mkdir(parents=True, exist_ok=True)
        self._unused: dict[str, set[Grant]] = {}

    def note(self, role: str, statements: Sequence[Statement], need: Need, context: Context) -> None:
        """`role`: its name in the template. `need`: of a call that its statements allow."""
        unused = self._unused.setdefault(role, set(grants(statements)))
        used = []
        for grant in tuple(unused):  # another thread may note a call of the same role
            number, action, place = grant
            resource = listed(statements[number]["Resource"])[place]
            alone = {**statements[number], "Action": action, "Resource": resource}
            if effect([alone], need.action, need.resource, context) == ALLOW:
                used.append(grant)
        if used:
            unused.difference_update(used)
            with self._file.open("a") as file:
                file.writelines(f"{role} {' '.join(map(str, grant))}\n" for grant in used)


def used_in(folder: Path) -> set[tuple[str, Grant]]:
    """All that was noted there, by the roles' names."""
    lines = [line.split() for file in folder.glob("*.txt") for line in file.read_text().splitlines()]
    return {(role, (int(number), action, int(place))) for role, number, action, place in lines}
