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
        for selectors in re.findall(r"([^{}]+)\{", sheet.read_text("utf-8")):
            for begin in re.findall(r"(?:^|,)\s*\.([a-z-]+)", selectors):
                owners[begin].add(sheet.relative_to(PAGE).parts[0])
    shared = {name: folders for name, folders in owners.items() if len(folders - {COMMON}) > 1}
    assert not shared
