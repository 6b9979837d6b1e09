"""The console knows every column of every product's view: what it filters by, how it sorts, how wide it is."""

import re

from daybook.catalogue.profile import profile
from daybook.catalogue.views import labels
from tests.support.places import ROOT

PROFILES = ("carear", "chat", "enate", "generic", "jiffy", "symbee")
COLUMNS = ROOT / "lambdas" / "console" / "page" / "log" / "table" / "columns.ts"


def test_each_label_of_a_view_has_a_meaning() -> None:
    text = COLUMNS.read_text("utf-8")
    table = text[text.index("OF_VIEWS") : text.index("OF_EVENTS")]
    known = set(re.findall(r'^  "([^"]+)":', table, re.MULTILINE))
    assert known == {label for name in PROFILES for label in labels(profile(name))}
