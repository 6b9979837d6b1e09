"""`daybook search`, `show`, `whoami` and `keys`."""

import pytest

from daybook_client.cli.surroundings import Surroundings
from daybook_client.errors import DeniedError, NotFoundError, RefusedError, ThrottledError, UnavailableError
from tests.support.command_line import Call, daybook, event, page

FORGED = "kim\x1b[2J\x1b]0;owned\x07[red]\u202e"
"""What an attacker might choose as a user name."""


def test_a_pipe_gets_every_event_as_a_line_of_json() -> None:
    """Over all pages, in order."""
    pages = {None: page(event("a"), event("b"), cursor="c"), "c": page(event("c"))}
    ran = daybook("search", answer=lambda call: pages[call.params["cursor"]])
    assert ran.code == 0
    assert [line["actor"]["username"] for line in ran.lines] == ["a", "b", "c"]


def test_a_terminal_gets_a_table_of_fifty_and_is_told_of_more() -> None:
    """The sentence is beside the table, not in it."""
    ran = daybook("search", terminal=True, answer=lambda _: page(*[event(f"u{number}") for number in range(51)]))
    assert ran.calls[0].params["limit"] == 51
    assert "2026-11-22 16:31:07" in ran.out
    assert "u49" in ran.out
    assert "u50" not in ran.out
    assert "--all" in ran.err


def test_a_table_shows_names_as_text() -> None:
    """Neither escape sequences nor markup of a user name act on the terminal."""
    ran = daybook("search", "--columns", "actor", terminal=True, answer=lambda _: page(event(FORGED)))
    for active in ("\x1b[2J", "\x1b]0", "\x07", "\u202e"):
        assert active not in ran.out
    assert "\\x1b[2J" in ran.out
    assert "[red]" in ran.out


def test_a_fault_is_told_once() -> None:
    """Daybook's detail is its first fault; the others stand below it."""
    faults = [{"path": "from", "message": "must be before to"}, {"path": "tz", "message": "is no zone"}]

    def refuse(_call: Call) -> None:
        raise RefusedError("from: must be before to", code="invalid_parameter", status=400, errors=faults)

    assert daybook("search", answer=refuse).err.splitlines() == [
        "from: must be before to (invalid_parameter).",
        "  tz: is no zone",
    ]


@pytest.mark.parametrize("terminal", [True, False])
def test_a_column_that_the_view_does_not_have_is_named(terminal: bool) -> None:
    """Before anything is shown, on a terminal and in a pipe."""
    shown = {"columns": ["User"], "events": [{"User": "mike.mars"}], "next_cursor": None}
    ran = daybook("search", "--view", "chat", "--columns", "Usr", terminal=terminal, answer=lambda _: shown)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "The view has no column 'Usr'; it has User.\n"


def test_errors_show_names_as_text_too() -> None:
    """A detail of Daybook's may repeat what was sent."""

    def refuse(_call: Call) -> None:
        raise RefusedError(f"no {FORGED}", code="x", status=400, errors=[{"path": FORGED, "message": FORGED}])

    ran = daybook("search", answer=refuse)
    assert ran.code == 5
    assert "\x1b" not in ran.err
    assert "\\x1b" in ran.err


def test_filters_are_those_of_the_api() -> None:
    """Repeated ones, exclusions, days, and dashes for underscores."""
    ran = daybook(
        *("search", "--actor", "a", "--actor", "b", "--not", "actor=System", "--not", "component=Audit Log"),
        *("--from", "2026-11-01", "--to", "2026-12-01T00:00:00+01:00", "--actor-type", "user", "--q", "x"),
        *("--environment", "test", "--sort", "occurred_at", "--limit", "7", "--view", "jiffy", "--tz", "Asia/Tokyo"),
        answer=lambda _: page(),
    )
    assert ran.code == 0
    assert ran.calls[0].params == {
        "actor": ["a", "b"],
        "actor!": ["System"],
        "component!": ["Audit Log"],
        "actor_type": ["user"],
        "q": ["x"],
        "from": ["2026-11-01T00:00:00Z"],
        "to": ["2026-12-01T00:00:00+01:00"],
        "sort": ["occurred_at"],
        "view": ["jiffy"],
        "tz": ["Asia/Tokyo"],
        "environment": ["test"],
        "limit": 7,
        "cursor": None,
    }


def test_an_exclusion_names_a_filter() -> None:
    """Else nothing is asked."""
    for wrong in ("System", "q=x", "nobody=x"):
        ran = daybook("search", "--not", wrong)
        assert (ran.code, ran.calls) == (2, [])


def test_columns_are_fields_or_labels_of_the_view() -> None:
    """By path, in the order given."""
    found = page(event(params={"amount": 5}, changes=[{"field": "a", "from": None, "to": ""}]))
    ran = daybook("search", "--columns", "params.amount,changes,actor", answer=lambda _: found)
    assert ran.lines == [{"params.amount": 5, "changes": "a: (none) → (empty)", "actor": "mike.mars"}]
    dotted = page(event(params={"request.size": 7}))
    assert daybook("search", "--columns", "params.request.size,no.where", answer=lambda _: dotted).lines == [
        {"params.request.size": 7, "no.where": None}
    ]
    seen = page({"User": "kim", "Activity": "x"}, columns=["User", "Activity"])
    ran = daybook("search", "--view", "chat", terminal=True, answer=lambda _: seen)
    assert "kim" in ran.out
    assert ran.out.index("User") < ran.out.index("Activity")
    ran = daybook("search", "--view", "chat", "--columns", "Wrong", terminal=True, answer=lambda _: seen)
    assert ran.code == 2
    assert "User, Activity" in ran.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (DeniedError("No.", code="forbidden", status=403), 3),
        (UnavailableError("No answer", code="unreachable"), 4),
        (ThrottledError("Slow down", code="throttled", status=429, retry_after=9.0), 4),
        (RefusedError("No.", code="invalid_parameter", status=400), 5),
        (NotFoundError("No.", code="not_found", status=404), 5),
    ],
)
def test_an_error_is_a_sentence_and_an_exit_code(error: Exception, code: int) -> None:
    """On the error stream alone, with the stable code of the problem."""

    def fail(_call: Call) -> None:
        raise error

    ran = daybook("show", "01A", answer=fail)
    assert (ran.code, ran.out) == (code, "")
    assert str(getattr(error, "code", "")) in ran.err
    assert "Traceback" not in ran.err


def test_ctrl_c_ends_quietly() -> None:
    """With the exit code that shells have for it."""

    def interrupt(_call: Call) -> None:
        raise KeyboardInterrupt

    ran = daybook("search", answer=interrupt)
    assert (ran.code, ran.out, ran.err) == (130, "", "")


def test_a_fault_of_the_command_shows_no_key() -> None:
    """A traceback without the values of variables."""

    def fail(_call: Call) -> None:
        raise ZeroDivisionError

    ran = daybook("search", answer=fail)
    assert ran.code == 70
    assert "ZeroDivisionError" in ran.err
    assert "dbk_" not in ran.err + ran.out


def test_a_new_key_stands_alone_in_a_pipe() -> None:
    """So that it can be kept in a file; what it is stands beside it."""

    def answer(call: Call) -> dict[str, object]:
        if call.path == "/v1/me":
            return {"tenant": "acme"}
        assert (call.method, call.path) == ("POST", "/v1/tenants/acme/keys")
        assert call.json == {"role": "producer", "environment": "prod", "label": "billing"}
        return {"key_id": "k2", "key": "dbk_k2_x", "role": "producer", "environment": "prod"}

    ran = daybook("keys", "create", "--role", "producer", "--environment", "prod", "--label", "billing", answer=answer)
    assert (ran.code, ran.out) == (0, "dbk_k2_x\n")
    assert "k2" in ran.err


def test_an_argument_leads_to_no_other_path() -> None:
    """HTTP libraries resolve `..`, and one step up from a tenant's keys is the tenant."""
    connect = Surroundings().connect
    for path in ("/v1/tenants/acme/keys/..", "/v1/./me", "v1"):
        with pytest.raises(ValueError, match="no path"):
            connect("http://127.0.0.1:9", "k", None).call("DELETE", path)


def test_an_operations_key_names_its_tenant() -> None:
    """Else the command says so, and makes no key anywhere."""
    ran = daybook("keys", "list", answer=lambda _: {"tenant": None})
    assert ran.code == 2
    assert "--tenant" in ran.err
