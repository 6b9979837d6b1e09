"""Filters in words."""

import pytest

from daybook.self_audit.words import MAX_CHARACTERS, in_words, rows_in_words


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        ([], "everything"),
        (["environment=prod"], "everything"),
        (["actor=?", "actor=?", "actor=d", "actor=d"], "actor (unknown) or d"),
        (["range=7d", "range=7d"], "last 7 days"),
        (["actor=user.7", "range=30d"], "actor user.7, last 30 days"),
        (["range=7d", "range!=7d"], "last 7 days, range not 7d"),
        (["actor!=System", "actor!=ann"], "actor not System or ann"),
        (["category=User access", "status=failure"], "category “User access”, status failure"),
        (["actor=a, b; 3 rows"], "actor “a, b; 3 rows”"),
        (["actor=?", "activity=user.*"], "actor (unknown), activity user.*"),
        (["ip", "q", "session_id"], "address not shown, text not shown, session not shown"),
        (["actor=ann", "actor"], "actor ann or others"),
        (["actor!"], "actor not shown"),
        (["target=work-item:1=2"], "target work-item:1=2"),
        (
            ["from=2026-11-01T00:00:00Z", "to=2026-11-02T00:00:00Z"],
            "from 2026-11-01T00:00:00Z, to 2026-11-02T00:00:00Z",
        ),
        (["sort=-occurred_at"], "newest first"),
        (["sort=-actor"], "sorted by actor descending"),
        (
            ["by=activity", "by=status", "interval=hour", "top=10"],
            "counted by activity and status, by the hour, top 10",
        ),
        (["interval=none"], "everything"),
        ([f"activity=a.{number}" for number in range(12)], "activity a.0 or a.1 or a.2 or a.3 or a.4 or 7 more"),
    ],
)
def test_filters_in_words(filters: list[str], words: str) -> None:
    assert "".join(in_words(filters)) == words


def test_words_are_bounded() -> None:
    """Whole filters are left out: the rest of a name that is cut would stand in the clear."""
    filters = [f"{name}={'x' * 900}" for name in ("actor", "component", "credential", "group")]
    words = "".join(in_words(filters))
    assert words.endswith(", and 2 more")
    assert len(words) < MAX_CHARACTERS + 20
    assert [len(part) for part in words.split(", ")[:2]] == [906, 910]


def test_rows_in_words() -> None:
    assert [rows_in_words(rows, more=False) for rows in (0, 1, 17)] == ["no rows", "1 row", "17 rows"]
    assert rows_in_words(50, more=True) == "50 rows and more"
