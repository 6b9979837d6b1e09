"""Log records become events, where they say so."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from daybook_client.current import acting
from daybook_client.logging_handler import DaybookHandler
from tests.support.remembering import Remembering

JANE = {"type": "user", "username": "jane.roe"}


def log_record(message: str, *arguments: str, name: str = "an.application") -> logging.LogRecord:
    return logging.LogRecord(name, logging.ERROR, "application.py", 1, message, arguments, None)


@pytest.fixture
def daybook() -> Remembering:
    return Remembering()


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    logger = logging.getLogger("an.application")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    yield logger
    for handler in [*logger.handlers]:
        logger.removeHandler(handler)


def test_only_what_says_so_becomes_an_event(daybook: Remembering, logger: logging.Logger) -> None:
    """With the fields that it says, its message, its time, and a status from its level."""
    logger.addHandler(DaybookHandler(daybook))
    logger.info("nothing to record")
    logger.info("nothing either", extra={"daybook": {"target": {"type": "invoice", "id": "1"}}})
    logger.info("not even a mapping", extra={"daybook": "invoice.approved"})
    said = {"activity": "invoice.approved", "target": {"type": "invoice", "id": "1042"}, "actor": JANE}
    logger.info("invoice %s approved", 1042, extra={"daybook": said})
    (event,) = daybook.events
    moment = event.pop("occurred_at")
    assert moment.endswith("Z")
    assert event == {**said, "details": "invoice 1042 approved", "status": "success"}
    assert said["activity"] == "invoice.approved"


def test_a_handler_with_an_activity_records_everything(daybook: Remembering, logger: logging.Logger) -> None:
    """Of the loggers that it is attached to, from its level on; a record's own activity wins."""
    logger.addHandler(DaybookHandler(daybook, activity="batch.logged", level=logging.INFO))
    logger.debug("too low")
    logger.warning("odd")
    logger.error("broken", extra={"daybook": {"activity": "batch.failed"}})
    assert [(event["activity"], event["details"], event["status"]) for event in daybook.events] == [
        ("batch.logged", "odd", "success"),
        ("batch.failed", "broken", "failure"),
    ]


def test_parameters_stand_for_themselves(daybook: Remembering, logger: logging.Logger) -> None:
    """A catalogued activity's template makes the details; a status that is said is kept."""
    logger.addHandler(DaybookHandler(daybook))
    said = {"activity": "a", "params": {"old_name": "x"}, "status": "failure", "occurred_at": "2026-11-22T16:31:07Z"}
    logger.info("renamed", extra={"daybook": said})
    assert daybook.events == [{**said, "actor": {"type": "system"}}]


def test_the_actor_is_the_nearest_that_is_known(daybook: Remembering, logger: logging.Logger) -> None:
    """The record's, else who is acting just now, else the handler's."""
    logger.addHandler(DaybookHandler(daybook, activity="a", actor={"type": "api"}))
    logger.info("1", extra={"daybook": {"actor": {"type": "operations"}}})
    with acting(actor=JANE, ip="203.0.113.7"):
        logger.info("2", extra={"daybook": {"actor": {"type": "operations"}}})
        logger.info("3")
    logger.info("4")
    assert [event["actor"]["type"] for event in daybook.events] == ["operations", "operations", "user", "api"]
    assert daybook.events[2]["context"] == {"ip": "203.0.113.7"}


@pytest.mark.parametrize("name", ["daybook_client", "daybook_client.sending", "httpx", "httpcore.connection"])
def test_sending_is_never_recorded(daybook: Remembering, name: str) -> None:
    """It would go on for ever."""
    handler = DaybookHandler(daybook, activity="a")
    handler.handle(log_record("sent", name=name))
    assert not daybook.events


def test_an_application_never_fails_because_it_logs(capsys: pytest.CaptureFixture[str]) -> None:
    """A full buffer, an actor that can't be found, arguments that do not fit: reported as logging does."""

    class Full(Remembering):
        def record(self, activity: str, **_: Any) -> str:
            raise OSError(activity)

    full, fine = DaybookHandler(Full(), activity="a"), DaybookHandler(Remembering(), activity="a")
    full.handle(log_record("full"))
    nobody: dict[str, dict[str, str]] = {}
    with acting(actor=lambda: nobody["here"]):
        fine.handle(log_record("nobody"))
    fine.handle(log_record("%d", "text"))
    errors = capsys.readouterr().err
    assert errors.count("--- Logging error ---") == 3


def test_a_long_message_is_cut(daybook: Remembering, logger: logging.Logger) -> None:
    """To what Daybook keeps of details; the event is not refused for it."""
    logger.addHandler(DaybookHandler(daybook, activity="a"))
    logger.info("x" * 100_000)
    assert daybook.events[0]["details"] == "x" * 32_768
