"""Functions in their own processes, as Lambda runs them."""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from infra.local.functions.instances import MAX_INSTANCES, Configuration, EventTooLarge, Function, FunctionError

Start = Callable[..., Function]

HANDLER = """
import os, sys, time
calls = 0
def handler(event, context):
    global calls
    calls += 1
    print("called", event.get("do"))
    match event.get("do"):
        case "environment": return dict(os.environ)
        case "raise": raise ValueError("not good")
        case "exit": os._exit(3)
        case "sleep": time.sleep(event["seconds"])
        case "open": time.sleep(len(open(event["door"], "w").name))
        case "unserialisable": return object()
        case "large": return "x" * 7_000_000
        case "context": return [context.aws_request_id, context.function_name, context.get_remaining_time_in_millis()]
        case "import": import infra
    return [calls, os.getpid()]
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts functions with the handler above and stops them at the end."""
    (tmp_path / "given.py").write_text(HANDLER)
    log = (tmp_path / "log").open("wb")
    started: list[Function] = []

    def start_one(handler: str = "given.handler", seconds: int = 10, **environment: str) -> Function:
        given = {"_HANDLER": handler, "AWS_LAMBDA_FUNCTION_NAME": "given", **environment}
        configuration = Configuration("given", "arn:given", handler, seconds, 512, given)
        started.append(Function(configuration, log, tmp_path))
        return started[-1]

    with log:
        yield start_one
        for function in started:
            function.stop()


def test_a_function_sees_its_own_environment_alone(start: Start) -> None:
    """A variable that the template does not set is absent, whatever this process or another function has."""
    os.environ["SOMEBODY_ELSES"] = "1"
    start(OTHERS="1").invoke({}, "r")
    seen = start(MINE="1").invoke({"do": "environment"}, "r")
    assert seen["MINE"] == "1"
    assert not {"OTHERS", "SOMEBODY_ELSES", "HOME"} & set(seen)


def test_a_function_finds_no_code_but_the_assets(start: Start) -> None:
    """An import that the asset does not contain fails here as on Lambda."""
    with pytest.raises(FunctionError, match="No module named 'infra'"):
        start().invoke({"do": "import"}, "r")


def test_an_instance_stays_warm(start: Start) -> None:
    """Successive calls use the same process and the state that it keeps."""
    function = start()
    assert [function.invoke({}, "r")[0] for _ in range(3)] == [1, 2, 3]


def test_calls_at_once_meet_instances_of_their_own(start: Start) -> None:
    """Up to the maximum number of instances. Other calls wait for a free one."""
    function = start()
    event = {"do": "sleep", "seconds": 0.3}
    with ThreadPoolExecutor(MAX_INSTANCES + 2) as pool:
        answers = list(pool.map(lambda _: function.invoke(event, "r"), range(MAX_INSTANCES + 2)))
    assert len({process for _, process in answers}) == MAX_INSTANCES
    assert sorted(calls for calls, _ in answers) == [1, 1, 1, 1, 2, 2]


def test_the_context_knows_the_call_and_its_time(start: Start) -> None:
    """The request's id, the function's name and the remaining time."""
    request_id, name, milliseconds = start(seconds=7).invoke({"do": "context"}, "request-1")
    assert (request_id, name) == ("request-1", "given")
    assert 5_000 < milliseconds <= 7_000


@pytest.mark.parametrize(
    ("do", "message"),
    [("raise", "^not good$"), ("unserialisable", "not JSON serializable"), ("large", "6291456"), ("exit", "exited")],
)
def test_a_failure_is_the_functions_error(start: Start, do: str, message: str) -> None:
    """The next call is answered, by a new process if the old one ended."""
    function = start()
    with pytest.raises(FunctionError, match=message):
        function.invoke({"do": do}, "r")
    assert function.invoke({}, "r")


def test_a_call_past_its_time_is_broken_off(start: Start) -> None:
    """Its process is ended, as on Lambda."""
    function = start(seconds=1)
    asked = time.monotonic()
    with pytest.raises(FunctionError, match="timed out"):
        function.invoke({"do": "sleep", "seconds": 30}, "r")
    assert time.monotonic() - asked < 3
    assert function.invoke({}, "r")[0] == 1


def test_an_event_over_6_mb_is_not_taken(start: Start) -> None:
    """The limit is Lambda's own, and the handler is not called."""
    with pytest.raises(EventTooLarge):
        start().invoke({"body": "x" * 7_000_000}, "r")


def test_a_handler_that_is_not_there_is_found_at_the_start(start: Start) -> None:
    """When the function is warmed up and not at its first call."""
    with pytest.raises(FunctionError, match=r"nowhere\.handler could not be started"):
        start("nowhere.handler").warm_up()


def test_what_a_function_prints_is_in_the_log(start: Start, tmp_path: Path) -> None:
    """At once, and with the traceback of a raised exception."""
    with pytest.raises(FunctionError):
        start().invoke({"do": "raise"}, "r")
    log = (tmp_path / "log").read_text()
    assert "called raise" in log
    assert "ValueError: not good" in log


def test_stopping_ends_every_process(start: Start, tmp_path: Path) -> None:
    """Also a process in the middle of a call."""
    function = start()
    process: Any = function.invoke({}, "r")[1]
    os.mkfifo(tmp_path / "door")
    with ThreadPoolExecutor() as pool:
        going_on = pool.submit(function.invoke, {"do": "open", "door": str(tmp_path / "door")}, "r")
        with (tmp_path / "door").open():  # the handler is running from here on
            function.stop()
        with pytest.raises(FunctionError):
            going_on.result()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_nothing_starts_after_the_stop(start: Start, tmp_path: Path) -> None:
    """Neither a call that waited for a free instance nor one that comes later, as a schedule's tick may."""
    function = start()
    os.mkfifo(tmp_path / "door")
    event = {"do": "open", "door": str(tmp_path / "door")}
    with ThreadPoolExecutor() as pool:
        calls = [pool.submit(function.invoke, event, "r") for _ in range(MAX_INSTANCES + 1)]
        until = time.monotonic() + 20
        while (tmp_path / "log").read_text().count("called open") < MAX_INSTANCES:
            assert time.monotonic() < until
            time.sleep(0.01)
        function.stop()
        for each in calls:
            with pytest.raises(FunctionError):
                each.result()
    function.log.close()
    with pytest.raises(FunctionError, match="is stopped"):
        function.invoke({}, "r")
    assert (tmp_path / "log").read_text().count("called open") == MAX_INSTANCES
