"""The exports of the five products name their activities in words; the mappings find the catalogue's ids again."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from daybook.catalogue.profile import Activity, profile
from daybook_client.importing import dry_run, load_mapping

Row = dict[str, str]


def letters(label: str) -> str:
    return "".join(each for each in label.upper() if each.isalnum())


ROWS: dict[str, Callable[[Activity], list[Row]]] = {
    "carear": lambda activity: [
        {
            "Date": "2026-11-02",
            "Time": "08:00:00",
            "Event Category": activity.category,
            "Event Description": variant.template,
        }
        for variant in activity.variants
    ],
    "symbee": lambda activity: [
        {
            "TimeStamp": "2026-11-02T08:00:00Z",
            "ActivityAction": letters(activity.event),
            "ActivityType": letters(activity.component),
        }
    ],
    "jiffy": lambda activity: [
        {"Date-Time": "Nov 02, 2026 @ 08:00:00.000", "Component": activity.component, "Event": activity.event}
    ],
    "enate": lambda activity: [{"Timestamp": "2026/11/02 08:00:00 GMT", "Activity": activity.activity}],
    "chat": lambda activity: [{"Date and Time": "2026-11-02 08:00:00", "Activity": activity.activity}],
}


@pytest.mark.parametrize("product", ROWS)
def test_each_activity_of_the_profile_is_found_from_its_row(product: str, tmp_path: Path) -> None:
    """CareAR's from category and description, Jiffy's and Symbee's from component and event, the others' from the id.
    A time adjustment needs what no row has, so it stands beside its own name.
    """
    own = [each for name, each in profile(product).activities.items() if not name.startswith("audit-log.")]
    rows = [(row, each.activity) for each in own for row in ROWS[product](each)]
    path = tmp_path / "export.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(rows[0][0]))
        table.writeheader()
        table.writerows(row for row, _ in rows)
    found = [event["activity"] for event in dry_run([path], load_mapping(product), first=1_000).events]
    assert found == [
        f"{activity}.imported" if activity.endswith(".time-adjusted") else activity for _, activity in rows
    ]
