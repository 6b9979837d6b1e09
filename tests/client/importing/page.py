"""Writes `docs/reference/imports.md` from the mappings and their sample records.

`python -m tests.client.importing.page` does so, and writes the samples' expected events anew.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from daybook_client.importing import mapping_names
from daybook_client.importing.mapping import READY
from infra import ROOT
from tests.client.importing.samples import RECORDS, report_of, write_expected

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_MANY = 6  # words of a map that a table's cell can show

PAGE = ROOT / "docs" / "reference" / "imports.md"

_HEAD = """# What imports map

What each ready mapping of `daybook import` makes of a product's records. How to run an import, and how to write a
mapping of your own, is in [Import](../guides/import.md). `python -m tests.client.importing.page` writes this page
from the mappings and from sample records in the documented shapes; a test holds it to them.

How to read the tables:

- The left column is the field of Daybook's event. The right column is a JMESPath expression over the record, or a
  constant in quotation marks. Where there are several, the first that gives a value counts.
- `→ time` and the like name a converter. *if* is a condition. A mapping of words is written `A: b`.
- A field that is not named takes what the engine gives: the id from the source's own or from the record's content;
  `details` is `""`; an actor who cannot be told is `unknown`.
- **To `params`** lists what of the sample records has no field of its own in an event, with the parameter that keeps
  it. Other fields of a product go there by the same rule.
- **Has no place** lists what the mapping leaves out. An import counts each by name.
"""


def page() -> str:
    return "\n".join([_HEAD, *(_section(name) for name in mapping_names())])


def _section(name: str) -> str:
    mapping = tomllib.loads((READY / f"{name}.toml").read_text(encoding="utf-8"))
    source = tomllib.loads((RECORDS / "sources.toml").read_text(encoding="utf-8"))[name]
    lines = [f"## {name}: {mapping['product']}", "", _about(READY / f"{name}.toml"), ""]
    where = f" (<{source['url']}>, read {source['read']})" if "url" in source else ""
    lines += [f"Shape: {source['document']}{where}.", ""]
    lines += [f"Files: {', '.join(mapping['formats'])}.{_within(mapping)} {_identified(mapping)}", ""]
    lines += ["| event | record |", "|---|---|"]
    lines += [f"| `{path}` | {_choices(given)} |" for path, given in mapping["fields"].items()]
    for path, given in mapping["fields"].items():
        for words in _long_maps(given):
            lines += ["", f"Words of `{path}`:", "", *_block(f"{word} → {meant}" for word, meant in words.items())]
    report = report_of(name)
    lines += ["", "**To `params`**, in the sample files:"]
    lines += ["", *_block(report.params)] if report.params else ["nothing."]
    left_out = [f"`{path}`" for path in mapping.get("unplaced", {}).get("ignore", [])]
    lines += ["", f"**Has no place**: {', '.join(left_out) or 'nothing'}.", ""]
    if skipped := [skip["reason"] for skip in mapping.get("skip", [])]:
        lines += [f"**Are no events**: {'; '.join(skipped)}.", ""]
    return "\n".join(lines)


def _block(lines: Iterable[str]) -> list[str]:
    return ["```text", *lines, "```"]


def _long_maps(given: Any) -> list[dict[str, str]]:
    tables = [each for each in (given if isinstance(given, list) else [given]) if isinstance(each, dict)]
    return [each["map"] for each in tables if len(each.get("map", {})) > _MANY]


def _about(path: Path) -> str:
    """The comment at the mapping's beginning."""
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("# "))
    return "\n".join(lines)


def _within(mapping: dict[str, Any]) -> str:
    return f" A JSON document may hold the list as `{mapping['records']}`." if "records" in mapping else ""


def _identified(mapping: dict[str, Any]) -> str:
    own = " and ".join(f"`{each}`" for each in mapping.get("id", []))
    return f"A record is known by {own}, else by its content." if own else "A record is known by its content."


def _choices(given: Any) -> str:
    return "<br>".join(_choice(each) for each in (given if isinstance(given, list) else [given]))


def _choice(given: Any) -> str:
    table: dict[str, Any] = {"expr": given} if isinstance(given, str) else given
    said = _code(table["expr"]) if "expr" in table else f'"{table["const"]}"'
    named = table.get("convert", [])
    for converter in [named] if isinstance(named, str) else named:
        said += f" → {converter}"
    if len(table.get("map", {})) > _MANY:
        said += " (words below)"
    elif "map" in table:
        said += " (" + ", ".join(f"{_cell(word)}: {meant}" for word, meant in table["map"].items()) + ")"
    if "default" in table:
        said += f", else {table['default']}"
    return f"{said} *if* {_code(table['when'])}" if "when" in table else said


def _code(expression: str) -> str:
    """A table's cell takes `|` only escaped, and in code with backticks only between two of them."""
    text = _cell(" ".join(expression.split()))
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    for each in mapping_names():
        write_expected(each)
    PAGE.write_text(page(), encoding="utf-8")
