"""The canary, from the operators' command that makes its key to a round over HTTP."""

from collections.abc import Iterator

import pytest

from canary import handler
from canary.canary import Canary
from daybook import observability
from daybook.aws import clients
from daybook.clock import system_clock
from daybook.observability import CANARY_FAILED, CANARY_MILLISECONDS, CANARY_NOT_SET_UP
from infra.local.functions.instances import Configuration
from infra.local.server import CALLED, with_values
from infra.operate import set_up_canary
from tests.support.access_log import kept_access_log
from tests.support.running_daybook import LocalDaybook, free_port


@pytest.fixture
def gauges(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, int]]:
    """What the handler's rounds set last."""
    found: dict[str, int] = {}
    monkeypatch.setattr(observability, "gauge", found.__setitem__)
    yield found
    handler.compose.cache_clear()


def set_up(local_daybook: LocalDaybook) -> int:
    return set_up_canary.main(
        ["--url", local_daybook.url],
        environ={set_up_canary.KEY: local_daybook.operations_key},
        connect=lambda _: local_daybook.aws,
    )


def test_the_canary_sends_and_reads_once_it_has_a_key(
    local_daybook: LocalDaybook, gauges: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until then it says so by one metric, and the alarm on failures stays silent. Each run of the command makes
    another key, which is in force in the next round.
    """
    aws = local_daybook.aws
    (secret,) = (each["ARN"] for each in aws("secretsmanager").list_secrets()["SecretList"] if "Canary" in each["Name"])
    for name, value in {"API_URL": local_daybook.url, "CANARY_SECRET_ARN": secret}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(
        clients,
        "secret_value",
        lambda arn: aws("secretsmanager").get_secret_value(SecretId=arn)["SecretString"].encode(),
    )
    with kept_access_log() as lines:
        handler.handler({}, None)
    assert gauges == {CANARY_NOT_SET_UP: 1, CANARY_FAILED: 0}
    assert "set_up_canary" in lines[0]["message"]
    for _ in range(2):
        gauges.clear()
        assert set_up(local_daybook) == 0
        handler.handler({}, None)
        assert gauges.keys() == {CANARY_FAILED, CANARY_MILLISECONDS}
        assert gauges[CANARY_FAILED] == 0
    with local_daybook.operations as operations:
        (key,) = operations.get(f"/v1/tenants/{set_up_canary.TENANT}/keys").json()["keys"]
        assert (key["label"], key["role"], key["environment"]) == ("canary", "admin", "prod")


@pytest.mark.parametrize("url", ["http://127.0.0.1:{closed}", "{open}/nowhere", "{open}"])
def test_what_does_not_answer_is_told(local_daybook: LocalDaybook, url: str) -> None:
    """A refused connection, an unknown path, a credential that is not valid. The log has no key."""
    gauges: dict[str, int] = {}
    address = url.format(closed=free_port(), open=local_daybook.url)
    key = "dbk_nobody_" + "x" * 43
    with kept_access_log() as lines:
        Canary(address, lambda: key, gauges.__setitem__, system_clock).round()
    assert gauges == {CANARY_FAILED: 1}
    assert "POST /v1/events" in lines[0]["exception"]
    assert key not in repr(lines)


def test_the_command_needs_a_key_of_operations(capsys: pytest.CaptureFixture[str]) -> None:
    """It says which variable holds it."""
    assert set_up_canary.main([], environ={}) == 1
    assert set_up_canary.KEY in capsys.readouterr().err


def test_local_daybooks_canary_calls_local_daybook() -> None:
    """The template's address leads to AWS. Other functions keep their environment."""
    made = {
        name: Configuration(name, name, "any.handler", 1, 128, environment)
        for name, environment in {"canary": {"API_URL": "https://aws"}, "ingest": {"EVENTS_TABLE": "e"}}.items()
    }
    called = with_values({CALLED: "http://here"}, made)
    assert {name: each.environment for name, each in called.items()} == {
        "canary": {"API_URL": "http://here"},
        "ingest": {"EVENTS_TABLE": "e"},
    }
