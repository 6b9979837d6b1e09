"""What no field of an event took goes to `params`, flattened; what finds no room there is counted by its path."""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256
from typing import Any
from unicodedata import normalize

from daybook_client.importing.converters import CONVERTERS, Converter
from daybook_client.importing.expressions import ANY, Path
from daybook_client.importing.fitting import parameter
from daybook_client.importing.mapping import Choice
from daybook_client.importing.report import Report, count

MAX_PARAMS = 50
MAX_NAME = 40
MAX_LISTED = 100

_CACHED = 256  # characters
MAX_CACHED_NAME = 512  # characters of a path whose name is kept, so that long ones can't fill the memory

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NO_LETTER = re.compile(r"[\W_]+")
_OTHER = re.compile(r"[^a-z0-9]+")


class Branch:
    """A tree of a mapping's paths: which of them a walk through a record is at."""

    __slots__ = ("anything", "below", "ignored", "said", "source")

    def __init__(self) -> None:
        self.below: dict[str, Branch] = {}
        self.anything: Branch | None = None
        self.ignored = False
        self.source: Path | None = None
        """The path itself, if a field of the event reads it: its value has its place there if that holds it."""
        self.said = False
        """A field says it in full in other words, if that field has a value."""

    def at(self, path: Path) -> Branch:
        """The branch of a path; grows it."""
        branch = self
        for name in path:
            if name == ANY:
                branch.anything = branch.anything or Branch()
                branch = branch.anything
            else:
                branch = branch.below.setdefault(name, Branch())
        return branch

    def to(self, name: str) -> Branch | None:
        return self.below.get(name) or self.anything


def folded(value: Any) -> str:
    """Letters and digits alone, without case: how a value is recognised after a converter has spelled it anew."""
    written = value if isinstance(value, str) else str(value)
    return _folded(written) if len(written) <= _CACHED else _fold(written)


def _fold(written: str) -> str:
    return written.lower() if written.isalnum() else _NO_LETTER.sub("", written.lower()) or written


_folded = lru_cache(8_192)(_fold)  # each value is folded two or three times, and many come in every record


def scalars(value: Any) -> set[str]:
    """The values within a value, folded."""
    found: set[str] = set()
    reached = [value]
    while reached:
        one = reached.pop()
        if isinstance(one, dict):
            reached.extend(one.values())
        elif isinstance(one, list):
            reached.extend(one)
        elif one is not None and one != "":
            found.add(folded(one))
    return found


class Said:
    """What the fields of one event say of the record's values, by the path that an expression reads them from."""

    def __init__(self) -> None:
        self.paths: set[Path] = set()
        """What is said in full in other words, by `uses`."""
        self.told: dict[Path, set[str]] = {}
        """Values that were converted to another spelling."""
        self.placed: dict[Path, set[str]] = {}
        """Values that were put into the event as they are. A rule may have taken them out again."""
        self.texts: dict[Path, list[str]] = {}
        """Texts that were put together of several values."""

    def add(self, choice: Choice, raw: Any, fits: Any) -> None:
        """`raw` is what the choice's expression found, `fits` what became of it."""
        self.paths.update(choice.uses)
        if choice.expr is None:
            return
        if choice.map is not None:
            # Of several words that become the same one, the value does not tell which it was.
            tells = list(choice.map.values()).count(fits) == 1
        else:
            tells = any(_tells(converter, raw) for converter in choice.converters)
        values = scalars(raw if tells else fits)
        said = self.told if tells else self.placed
        for path in choice.expr.sources:
            said.setdefault(path, set()).update(values)
            if choice.expr.joins:
                self.texts.setdefault(path, []).extend(values)


def _tells(converter: Converter, raw: Any) -> bool:
    """Whether the converted value says what the raw one did, in another spelling. A status code says more, and so does
    a word: `denied` is not `failed`.
    """
    if converter is CONVERTERS["status"]:
        return isinstance(raw, bool) or folded(raw) in ("true", "false")
    if converter is CONVERTERS["bool"]:
        return len(str(raw).strip()) != 3 or not str(raw).strip().isdecimal()
    return converter is CONVERTERS["time"] or converter is CONVERTERS["integer"]


def place_leftovers(record: dict[str, Any], event: dict[str, Any], tree: Branch, said: Said, report: Report) -> None:
    """Adds to `event["params"]` what of the record is not in the event. The mapping's own parameters come first."""
    walk = _Walk(scalars(event), said, report)
    walk.into(record, tree, (), (), None)
    params: dict[str, Any] = event.get("params", {})
    for places, names, value in walk.found:
        if len(params) >= MAX_PARAMS:
            count(report.unplaced, ".".join(names))
            continue
        short = sum(map(len, places)) <= MAX_CACHED_NAME
        name, label = (_named if short else _named.__wrapped__)(places, names)
        if name in params:
            name = _another(name, params)
        fits = parameter(f"params.{name}", value, report.cut)
        if fits is not None:
            params[name] = fits
            count(report.params, label)
    if params:
        event["params"] = params


class _Walk:
    def __init__(self, present: set[str], said: Said, report: Report) -> None:
        self.found: list[tuple[Path, Path, Any]] = []
        """Way with places in lists, way without, and value."""
        self._present = present
        self._said = said
        self._report = report

    def into(self, value: Any, branch: Branch | None, places: Path, names: Path, source: Path | None) -> None:
        if branch is not None:
            if self._is_settled(value, branch, names):
                return
            source = branch.source or source
        if isinstance(value, dict):
            for name, inner in value.items():
                below = branch.to(name) if branch is not None else None
                if below is None and source is None and isinstance(inner, (str, int)):  # most values, told quickly
                    if inner != "":
                        self.found.append(((*places, name), (*names, name), inner))
                    continue
                self.into(inner, below, (*places, name), (*names, name), source)
        elif isinstance(value, list):
            self._into_list(value, branch, places, names, source)
        elif value is not None and value != "" and not self._is_present(value, source):
            self.found.append((places, names, value))

    def _is_settled(self, value: Any, branch: Branch, names: Path) -> bool:
        if branch.ignored:
            if not _is_nothing(value):
                count(self._report.ignored, ".".join(names))
            return True
        return branch.said and names in self._said.paths

    def _into_list(
        self, value: list[Any], branch: Branch | None, places: Path, names: Path, source: Path | None
    ) -> None:
        plain = [each for each in value if not isinstance(each, (dict, list))]
        if len(plain) == len(value):
            left = [each for each in value if each is not None and each != "" and not self._is_present(each, source)]
            for start in range(0, len(left), MAX_LISTED):
                several = places if start == 0 else (*places, str(start))
                self.found.append((several, names, left[start : start + MAX_LISTED]))
            return
        for index, inner in enumerate(value):
            self.into(inner, branch, (*places, str(index)), names, source)

    def _is_present(self, value: Any, source: Path | None) -> bool:
        if source is None:
            return False
        wanted, said = folded(value), self._said
        if wanted in said.told.get(source, ()):
            return True
        if wanted in said.placed.get(source, ()) and wanted in self._present:
            return True
        return any(wanted in each for each in said.texts.get(source, ()))


def _is_nothing(value: Any) -> bool:
    return value is None or value in ("", [], {})


@lru_cache(20_000)
def _named(places: Path, names: Path) -> tuple[str, str]:
    """The parameter's name, and how the report names the two."""
    name = parameter_name(places)
    return name, f"{'.'.join(names)} → {name if len(places) == len(names) else parameter_name(names)}"


def parameter_name(places: Path) -> str:
    """`requestParameters.bucketName` is `request_parameters_bucket_name`.

    Of a name that is too long the end stays, which says more, with a hash of the whole behind it. So does a name that
    has no letters of the alphabet.
    """
    whole = ".".join(places)
    plain = normalize("NFKD", _HUMP.sub("_", whole))
    plain = "".join(each for each in plain if not "\u0300" <= each <= "\u036f").lower()
    name = _OTHER.sub("_", plain).strip("_")
    if name and len(name) <= MAX_NAME:
        return name
    mark = sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:6]
    if not name:
        return f"field_{mark}"
    rest = name[-(MAX_NAME - 7) :]
    words = rest.partition("_")[2]
    return f"{words if len(words) > 16 else rest.strip('_')}_{mark}"


def _another(name: str, params: dict[str, Any]) -> str:
    """The name with the first free number behind it."""
    number = 2
    while (free := f"{name[: MAX_NAME - 1 - len(str(number))]}_{number}") in params:
        number += 1
    return free
