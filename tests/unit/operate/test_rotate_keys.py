"""Rotations of the deployment's keys, with functions that have run for a while and functions that have just started."""

from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from daybook.aws.control_table.jobs import JobTable
from daybook.aws.control_table.tenants import ControlTable
from daybook.aws.wiring import Tables
from daybook.clock import DAY, HOUR, MINUTE
from daybook.crypto.generations import NOTICE_MS, REREAD_MS, read_secret
from daybook.crypto.keys import DeploymentKeys
from daybook.crypto.sealing import SealBroken
from daybook.http.problem import Problem
from daybook.jobs.job import EXPORT, RESTAMP, SWEEP, Job, Status, new_job
from daybook.jobs.sealed import UnknownGeneration, generation_of, open_sealed_part, seal_for
from daybook.search.cursor import Owner, Position, read_cursor, write_cursor
from daybook.tenant import environment_key
from infra.operate.rotate_keys import MAX_GENERATIONS, CannotRotate, jobs_need, main, rotate, rotated
from tests.support.ingest import NOW, code_for, seeded_bytes
from tests.support.ingest import settings as tenant_settings

PERMANENT = b"p" * 64
CODE = code_for("acme")
OWNER = Owner(environment_key(CODE, 0), "k1", b"the query")
FIELDS = [{"actor": ["mike.mars"]}]


@dataclass
class Deployment:
    """A secret, functions that read it, cursors that were given and jobs that have not ended."""

    now: int = NOW
    secret: bytes = PERMANENT
    readable: bool = True
    chance: Any = field(default_factory=seeded_bytes)

    def __post_init__(self) -> None:
        self.warm, self.other = self.started(), self.started()
        self.cursors: list[tuple[str, int]] = []
        self.jobs: list[Job] = []

    def started(self) -> DeploymentKeys:
        return DeploymentKeys(self.secret, lambda: self.secret if self.readable else None, lambda: self.now)

    def restart(self) -> None:
        self.other = self.started()

    def rotate(self) -> None:
        needed = {number for job in self.jobs if (number := generation_of(job)) is not None}
        try:
            made = rotated(read_secret(self.secret), needed, self.now, lambda: self.chance(32).hex())
        except CannotRotate:
            return
        self.secret = msgspec.json.encode(made)

    def give_cursor(self, *, by_warm: bool) -> None:
        keys = self.warm if by_warm else self.other
        position = Position("0" * 36, self.now, 0)
        self.cursors.append((write_cursor(position, OWNER, keys.cursors, self.now), self.now))

    def ask_for_job(self, *, by_warm: bool) -> None:
        job = new_job(tenant=CODE, kind=EXPORT, ask={}, now_ms=self.now, random_bytes=self.chance)
        keys = self.warm if by_warm else self.other
        self.jobs.append(replace(job, sealed=seal_for(job, FIELDS, keys, self.now)))

    def end_job(self) -> None:
        del self.jobs[:1]

    def check(self) -> None:
        for keys in (self.warm, self.other):
            for cursor, given_ms in self.cursors:
                if self.now <= given_ms + DAY:
                    read_cursor(cursor, OWNER, keys.cursors, self.now)
            for job in self.jobs:
                assert open_sealed_part(job, keys) == FIELDS


ACTIONS = st.one_of(
    st.tuples(st.just("rotate")),
    st.tuples(st.just("restart")),
    st.tuples(st.just("end_job")),
    st.tuples(st.just("give_cursor"), st.booleans()),
    st.tuples(st.just("ask_for_job"), st.booleans()),
)
WAITS = st.sampled_from(
    [0, 1, MINUTE, REREAD_MS, NOTICE_MS - 1, NOTICE_MS, NOTICE_MS + 1, HOUR, DAY // 2, DAY, 40 * DAY]
)


@given(st.lists(st.tuples(ACTIONS, WAITS), max_size=40))
@example([(("rotate",), NOTICE_MS), (("restart",), 0), (("give_cursor", False), 0), (("ask_for_job", False), 0)]).via(
    "a function that has just started uses the new key"
)
@settings(max_examples=200)
def test_no_cursor_of_a_day_and_no_job_fails_because_of_rotations(steps: list[tuple[tuple[Any, ...], int]]) -> None:
    """Whichever of two functions made it and whichever reads it, however long either has run or slept."""
    deployment = Deployment()
    for (name, *by_warm), wait in steps:
        getattr(deployment, name)(**({"by_warm": by_warm[0]} if by_warm else {}))
        deployment.now += wait
        deployment.check()


def test_one_failure_to_read_the_secret_does_no_harm() -> None:
    """The function goes on with what it has, and reads again five minutes later."""
    deployment = Deployment()
    deployment.rotate()
    deployment.readable = False
    deployment.now += REREAD_MS
    deployment.check()
    deployment.readable = True
    deployment.now += 2 * REREAD_MS - 1
    deployment.check()
    deployment.now += 1
    deployment.restart()
    deployment.give_cursor(by_warm=False)
    deployment.ask_for_job(by_warm=False)
    assert generation_of(deployment.jobs[0]) == 1
    deployment.check()


def test_the_permanent_keys_stay() -> None:
    """Ids of events derive from them."""
    deployment = Deployment()
    before = deployment.warm.of(CODE)
    for _ in range(3):
        deployment.rotate()
        deployment.now += DAY
        deployment.restart()
        assert deployment.other.of(CODE) == deployment.warm.of(CODE) == before


def test_each_generation_has_a_key_of_its_own() -> None:
    """Cursors' and jobs' differ, too."""
    deployment = Deployment()
    deployment.rotate()
    deployment.rotate()
    keys = deployment.started()
    made = [one.key for one in (*keys.cursors.each, *keys.jobs.each)]
    assert len(set(made)) == len(made) == 6
    assert not any(key.hex() in repr(keys.cursors) or str(key) in repr(keys.jobs) for key in made)


def test_keys_that_nothing_needs_are_removed() -> None:
    """A cursor's a day after the next one began, a job's when no job needs it. Numbers do not come back."""
    deployment = Deployment()
    deployment.ask_for_job(by_warm=True)
    for _ in range(3):
        deployment.rotate()
        deployment.now += 2 * DAY
    read = read_secret(deployment.secret)
    assert [one.number for one in read.cursors] == [2, 3]
    assert [one.number for one in read.jobs] == [0, 2, 3], "0 is needed by a job"
    deployment.end_job()
    deployment.rotate()
    assert [one.number for one in read_secret(deployment.secret).jobs] == [3, 4]


def test_the_number_of_keys_is_bounded() -> None:
    """One rotation after another: a day later there is room again."""
    deployment = Deployment()
    for _ in range(MAX_GENERATIONS - 1):
        deployment.rotate()
        deployment.check()
    before = deployment.secret
    with pytest.raises(CannotRotate, match="Try again in a day"):
        rotated(read_secret(before), (), deployment.now, lambda: "s" * 64)
    assert len(before) < 8_192
    deployment.now += 10 * DAY
    deployment.rotate()
    assert len(read_secret(deployment.secret).cursors) == 2


def test_a_sealed_part_opens_for_its_own_job_and_generation_only() -> None:
    """Not for another job, another kind, or under another key's number."""
    deployment = Deployment()
    deployment.rotate()
    deployment.now += DAY
    deployment.ask_for_job(by_warm=True)
    (job,) = deployment.jobs
    assert job.sealed is not None
    assert "mike" not in job.sealed
    for other in (replace(job, id="0" * 36), replace(job, kind=SWEEP), replace(job, sealed=f"0.{job.sealed[2:]}")):
        with pytest.raises(SealBroken):
            open_sealed_part(other, deployment.warm)
    with pytest.raises(UnknownGeneration):
        open_sealed_part(replace(job, sealed=f"9.{job.sealed[2:]}"), deployment.warm)
    assert open_sealed_part(replace(job, sealed=None), deployment.warm) is None


def test_a_cursor_of_an_unknown_key_is_refused() -> None:
    deployment = Deployment()
    deployment.rotate()
    deployment.now += DAY
    deployment.give_cursor(by_warm=True)
    with pytest.raises(Problem, match="cursor"):
        read_cursor(deployment.cursors[0][0], OWNER, DeploymentKeys(PERMANENT).cursors, deployment.now)


@pytest.fixture
def secret_arn(aws: Any) -> str:
    created = aws("secretsmanager").create_secret(Name="daybook", SecretString=PERMANENT.decode())
    return str(created["ARN"])


def held(aws: Any, arn: str) -> bytes:
    text: str = aws("secretsmanager").get_secret_value(SecretId=arn, VersionStage="AWSCURRENT")["SecretString"]
    return text.encode()


def test_of_two_rotations_at_once_one_is_refused(aws: Any, secret_arn: str) -> None:
    """Else one would take the other's new key away."""
    manager = aws("secretsmanager")

    def meanwhile() -> set[int]:
        rotate(manager, secret_arn, set, lambda: NOW)
        return set()

    with pytest.raises(CannotRotate, match="changed meanwhile"):
        rotate(manager, secret_arn, meanwhile, lambda: NOW)
    assert [one.number for one in read_secret(held(aws, secret_arn)).cursors] == [0, 1]
    assert rotate(manager, secret_arn, set, lambda: NOW) == NOW + 2 * NOTICE_MS


def test_jobs_of_all_tenants_that_have_not_ended_keep_their_keys(dynamodb: Any, tables: Tables) -> None:
    """Of every kind; those without a sealed part need no key."""
    control, jobs = ControlTable(dynamodb, tables.control), JobTable(dynamodb, tables.control)
    chance = seeded_bytes()
    for number, tenant in enumerate(("acme", "bolt")):
        made = tenant_settings(tenant=tenant)
        control.create_tenant(made)
        for kind, sealed, status in (
            (EXPORT, f"{number}.x", Status.QUEUED),
            (SWEEP, f"{number + 5}.x", Status.RUNNING),
            (RESTAMP, None, Status.QUEUED),
            (EXPORT, "77.x", Status.CANCELLED),
        ):
            job = new_job(tenant=made.code, kind=kind, ask={}, now_ms=NOW, random_bytes=chance)
            jobs.put(replace(job, sealed=sealed, status=status))
    assert jobs_need(control, jobs) == {0, 1, 5, 6}


@pytest.mark.parametrize("store", ["moto"], indirect=True)
def test_the_command_says_when_the_new_keys_begin(
    aws: Any, secret_arn: str, dynamodb: Any, tables: Tables, capsys: pytest.CaptureFixture[str]
) -> None:
    """And that nothing was done, where it could not do it. It shows no secret."""
    ControlTable(dynamodb, tables.control).create_tenant(tenant_settings())
    arguments = ["--secret", secret_arn, "--control", tables.control, "--region", "us-east-1"]
    assert main(arguments, clock=lambda: NOW) == 0
    assert capsys.readouterr().out == "The new keys begin at 2026-11-22T16:46:08.000Z.\n"
    assert read_secret(held(aws, secret_arn)).permanent == PERMANENT
    assert main([*arguments[:1], f"{secret_arn}x", *arguments[2:]], clock=lambda: NOW) == 1
    shown = capsys.readouterr()
    assert main([*arguments, "--profile", "nobody"]) == 1
    assert "nobody" in capsys.readouterr().err
    assert shown.err.startswith("Nothing was rotated. ")
    assert PERMANENT.decode() not in shown.err + shown.out


@pytest.mark.parametrize("store", ["moto"], indirect=True)
def test_nothing_is_rotated_for_a_wrong_table_or_secret(
    aws: Any, secret_arn: str, dynamodb: Any, tables: Tables, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a wrong table no job needs its key, and the canary's secret is not the deployment's."""
    ControlTable(dynamodb, tables.control).create_tenant(tenant_settings())
    where = ["--region", "us-east-1"]
    assert main(["--secret", secret_arn, "--control", tables.events, *where]) == 1
    assert "is not the control table" in capsys.readouterr().err
    assert held(aws, secret_arn) == PERMANENT
    other = '{"key": "dbk_canary_secret"}'
    canarys = aws("secretsmanager").create_secret(Name="canary", SecretString=other)["ARN"]
    assert main(["--secret", canarys, "--control", tables.control, *where]) == 1
    told = capsys.readouterr().err
    assert f"{canarys} is not the deployment's secret." in told
    assert "dbk_" not in told
    assert held(aws, canarys).decode() == other
