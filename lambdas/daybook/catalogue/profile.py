"""What each product calls its activities: the data of the profiles, and the choice of an event's wording.

A profile is one file in `profiles/`; `audit-log.toml` holds the activities that every profile has. A profile is read on
first use and never changes afterwards. Only the requested profile is read: a Lambda pays for one product, not for six.
"""

import re
import threading
import tomllib
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal

import msgspec

from daybook.catalogue.aliases import Aliases

OWN_ACTIVITIES = "audit-log."

PROFILES = ("generic", "chat", "jiffy", "enate", "carear", "symbee")
UNCATALOGUED_CATEGORY = "other"

Origin = Literal["user", "system", "any"]
Kind = Literal["sign-in", "sign-out", "access-change", "deletion", "export", "configuration"]
"""What an activity is in every product, so that one question fits them all: "failed sign-ins", say."""
ParamType = Literal["text", "person", "event"]

_FILES = Path(__file__).with_name("profiles")
PLACEHOLDER = re.compile(r"\{([a-z0-9_]+)\}")


class UnknownProfile(LookupError):  # noqa: N818  named for what happened, like all errors here
    """No profile has this name."""


class _VariantError(LookupError):
    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(", ".join(names))
        self.names = names


class UnknownVariant(_VariantError):  # noqa: N818
    """The sender named a variant that the activity does not have; `names` are those that it has."""


class VariantNeeded(_VariantError):  # noqa: N818
    """Several wordings fit the parameters equally well; `names` are theirs."""


class MissingParams(LookupError):  # noqa: N818
    """No wording has all the parameters that it needs; `names` are those that the nearest one, `variant`, lacks."""

    def __init__(self, variant: str, names: tuple[str, ...]) -> None:
        super().__init__(", ".join(names))
        self.variant = variant
        self.names = names


class Param(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`person`: a username, sealed; `event`: a reference to another event; `text`: anything else."""

    name: str
    type: ParamType


class Variant(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """One wording of an activity. `when` is its condition in words; `origin` overrides the activity's."""

    variant: str
    when: str
    template: str
    params: tuple[Param, ...]
    origin: Origin | None = None

    @cached_property
    def names(self) -> frozenset[str]:
        return frozenset(param.name for param in self.params)

    @cached_property
    def pieces(self) -> tuple[str, ...]:
        return pieces(self.template)

    @cached_property
    def repeats(self) -> bool:
        """Whether the template shows a parameter more than once."""
        shown = self.pieces[1::2]
        return len(set(shown)) < len(shown)


class Activity(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """`visibility` is the only role that may read its events. None: everyone who may read.

    `former_categories` are those in which earlier releases put the activity: events keep the category of their time.
    """

    activity: str
    category: str
    component: str
    event: str
    origin: Origin
    variants: tuple[Variant, ...]
    kind: Kind | None = None
    required_role: str | None = None
    visibility: Literal["operations"] | None = None
    former_categories: tuple[str, ...] = ()

    @cached_property
    def person_params(self) -> frozenset[str]:
        """The parameters that any variant types as a person. They are people whichever variant is chosen."""
        return frozenset(param.name for variant in self.variants for param in variant.params if param.type == "person")

    @cached_property
    def by_name(self) -> dict[str, Variant]:
        return {variant.variant: variant for variant in self.variants}

    @cached_property
    def by_names(self) -> dict[frozenset[str], list[Variant]]:
        exact: dict[frozenset[str], list[Variant]] = {}
        for variant in self.variants:
            exact.setdefault(variant.names, []).append(variant)
        return exact


class Column(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A column of the profile's view: its label, and the name of the value that it shows."""

    label: str
    value: str


class RetentionPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """In days. `default_days` None: events are kept for ever."""

    configurable: bool
    min_days: int
    max_days: int
    default_days: int | None = None

    @property
    def longest_days(self) -> int | None:
        """The longest retention that a tenant can ever have; None: for ever."""
        return None if self.default_days is None else self.max_days


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """One product. `source_types` None: any source is in scope.

    `former_activities` holds what earlier releases had and this one lacks, with every category that it was in.
    """

    name: str
    title: str
    aliases: Aliases
    retention: RetentionPolicy
    columns: tuple[Column, ...]
    activities: dict[str, Activity]
    source_types: frozenset[str] | None = None
    default_source_type: str | None = None
    former_activities: dict[str, tuple[str, ...]] = {}

    def activity(self, activity_id: str) -> Activity | None:
        return self.activities.get(activity_id)

    @cached_property
    def categories(self) -> tuple[str, ...]:
        """In the order of the product's document."""
        return tuple(dict.fromkeys(activity.category for activity in self.activities.values()))

    @cached_property
    def categories_ever(self) -> dict[str, tuple[str, ...]]:
        """For each activity of this release or an earlier one, every category that the profile has put it in."""
        now = {name: (each.category, *each.former_categories) for name, each in self.activities.items()}
        return {**self.former_activities, **now}


def _activities(rows: list[dict[str, Any]], category: str | None = None) -> dict[str, dict[str, Any]]:
    """By id. A file writes parameters as a table, name = type, which is easier to read than a list of tables."""
    for row in rows:
        row["category"] = category or row["category"]
        for variant in row["variants"]:
            variant["params"] = [{"name": name, "type": kind} for name, kind in variant["params"].items()]
    return {row["activity"]: row for row in rows}


_reading = threading.Lock()


def profile(name: str) -> Profile:
    """The profile of this name. Raises `UnknownProfile`."""
    # msgspec 0.22 crashes the process when two threads are the first to convert to the same type.
    with _reading:
        return _profile(name)


@cache
def _profile(name: str) -> Profile:
    if name not in PROFILES:  # no other name may reach the file system
        raise UnknownProfile(name)
    own = tomllib.loads((_FILES / f"{name}.toml").read_text("utf-8"))
    every = tomllib.loads((_FILES / "audit-log.toml").read_text("utf-8"))
    category = own.pop("audit_log_category", None)
    own["activities"] = _activities(own["activities"]) | _activities(every["activities"], category)
    return msgspec.convert(own, Profile)


def is_reserved(activity_id: str) -> bool:
    """Whether only Daybook may send or define an activity of this name."""
    return activity_id.lower().startswith("audit-log")


def uncatalogued(activity_id: str) -> Activity:
    """An activity that is in no catalogue, as the open mode stores it."""
    split = max(activity_id.rfind("."), activity_id.rfind(":"))
    component, event = activity_id[: max(split, 0)], activity_id[split + 1 :]
    return Activity(activity_id, UNCATALOGUED_CATEGORY, component, event, "any", ())


def pieces(template: str) -> tuple[str, ...]:
    """The template in pieces: literal text at even indexes, names of parameters at odd ones."""
    return tuple(PLACEHOLDER.split(template))


def choose_variant(  # noqa: C901  one branch for each rule
    activity: Activity, named: str | None, sent: frozenset[str], has_details: bool
) -> Variant | None:
    """The wording of an event with these parameters, or None if it needs none or the parameters do not determine one.

    In this order: the named variant; the only one whose parameters are exactly those sent; the only one with the most
    parameters, all of which were sent, if no other variant names any of the parameters that are left over. Otherwise
    raises `UnknownVariant`, `VariantNeeded` or `MissingParams`; the last two never if the sender gave `details`. An
    activity without variants (uncatalogued) has no wordings, so a name is not checked.
    """
    if not activity.variants:
        return None
    if named is not None:
        found = activity.by_name.get(named)
        if found is None:
            raise UnknownVariant(tuple(activity.by_name))
        if not has_details and not found.names <= sent:
            raise _missing(found, sent)
        return found
    if len(activity.variants) == 1 and activity.variants[0].names <= sent:  # the usual case, which all rules allow
        return activity.variants[0]
    best = activity.by_names.get(sent) or _with_most_params(activity, sent)
    if len(best) == 1 and (has_details or best[0].names == sent):
        return best[0]
    if has_details:
        return None
    if len(best) == 1:
        left_over = sent - best[0].names
        others = [variant for variant in activity.variants if variant.names & left_over]
        if not others:
            return best[0]
        best = [*best, *others]  # the sender may have meant one of these, and left a parameter out
    if best:
        raise VariantNeeded(tuple(variant.variant for variant in best))
    # The nearest lacks the fewest parameters; of several, the first in the document's order.
    raise _missing(min(activity.variants, key=lambda variant: len(variant.names - sent)), sent)


def _with_most_params(activity: Activity, sent: frozenset[str]) -> list[Variant]:
    """Of the variants whose parameters were all sent, those with the most parameters."""
    ready = [variant for variant in activity.variants if variant.names <= sent]
    most = max((len(variant.names) for variant in ready), default=0)
    return [variant for variant in ready if len(variant.names) == most]


def _missing(variant: Variant, sent: frozenset[str]) -> MissingParams:
    return MissingParams(variant.variant, tuple(p.name for p in variant.params if p.name not in sent))
