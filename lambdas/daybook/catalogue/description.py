"""A catalogue as the API shows it."""

from typing import Literal

from msgspec import Struct

from daybook.catalogue.profile import Activity, Kind, Origin, Param, Profile


class VariantDescription(Struct):
    """One wording of an activity."""

    variant: str
    when: str
    """The condition for this wording, in words."""
    template: str
    """The event's details, with parameters in braces. Empty: the wording is the sender's own."""
    params: tuple[Param, ...]


class ActivityDescription(Struct):
    activity: str
    category: str
    component: str
    event: str
    origin: Origin
    kind: Kind | None
    """What it is in every product. An activity that is two of these has the first that fits, in the order of these:
    sign-in, sign-out, access-change, deletion, export, configuration. Null: none of them.
    """
    required_role: str | None
    """A success is rejected unless `actor.roles` has this role."""
    visibility: Literal["operations"] | None
    """The only role that may read these events; null: everyone who may read."""
    variants: list[VariantDescription]


class CatalogueDescription(Struct):
    """The activities of a tenant's profile, with the tenant's own in their place or beside them."""

    profile: str
    mode: Literal["open", "strict"]
    """`strict` rejects events whose activity the catalogue lacks."""
    categories: list[str]
    source_types: list[str] | None
    """The only types of source that events may have; null: any."""
    activities: list[ActivityDescription]


def describe(profile: Profile, mode: Literal["open", "strict"]) -> CatalogueDescription:
    activities = [describe_activity(activity) for activity in profile.activities.values()]
    sources = None if profile.source_types is None else sorted(profile.source_types)
    return CatalogueDescription(profile.name, mode, list(profile.categories), sources, activities)


def describe_activity(activity: Activity) -> ActivityDescription:
    return ActivityDescription(
        activity=activity.activity,
        category=activity.category,
        component=activity.component,
        event=activity.event,
        origin=activity.origin,
        kind=activity.kind,
        required_role=activity.required_role,
        visibility=activity.visibility,
        variants=[
            VariantDescription(variant.variant, variant.when, variant.template, variant.params)
            for variant in activity.variants
        ],
    )
