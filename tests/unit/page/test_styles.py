"""The console's style sheets are one: a class of one folder must not lay out what another folder calls the same."""

import re
from collections import defaultdict

from infra.page.build import PACKAGES, PAGE

COMMON = "style"
"""Its classes are everybody's."""


def test_each_class_is_laid_out_by_one_folder() -> None:
    owners = defaultdict(set)
    for sheet in PAGE.rglob("*.css"):
        if PACKAGES in sheet.parents:
            continue
        for begin in classes_of(sheet.read_text("utf-8")):
            owners[begin].add(sheet.relative_to(PAGE).parts[0])
    shared = {name: folders for name, folders in owners.items() if len(folders - {COMMON}) > 1}
    assert not shared


def test_a_class_is_found_behind_a_comment_and_by_its_whole_name() -> None:
    """The check above would see no class that stands behind one, and take `h1_x` and `h1_y` for the same."""
    sheet = "/* .no, { */\n.row2 .inner { top: 0 }\n/* of rows */ .Row_a, /* and */\n.h1_x { top: 0 }"
    assert classes_of(sheet) == {"row2", "Row_a", "h1_x"}


def classes_of(sheet: str) -> set[str]:
    """Those with which a selector begins."""
    rules = re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL)
    return {
        name
        for selectors in re.findall(r"([^{}]+)\{", rules)
        for name in re.findall(r"(?:^|,)\s*\.([\w-]+)", selectors)
    }
