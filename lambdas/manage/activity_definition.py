"""A tenant's definition of an activity: the form in which it is sent, and its checks."""

import re
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from daybook.catalogue.labels import slug
from daybook.catalogue.profile import (
    OWN_ACTIVITIES,
    PLACEHOLDER,
    Activity,
    Kind,
    Origin,
    Param,
    Variant,
    uncatalogued,
)
from daybook.http import forms
from daybook.http.problem import bad_field

MAX_TEMPLATE = 4_000
MAX_PLACEHOLDERS = 64
_PARAMETER = re.compile(r"[a-z0-9_]{1,40}")
_SLUG = re.compile(r"[a-z0-9-]{1,64}")

Label = Annotated[str, Meta(min_length=1, max_length=128)]


class SentVariant(Struct, forbid_unknown_fields=True):
    variant: str = "default"
    when: Annotated[str, Meta(max_length=1_000)] = ""
    template: Annotated[str, Meta(max_length=MAX_TEMPLATE)] = ""
    params: Annotated[list[Param], Meta(max_length=50)] = msgspec.field(default_factory=list)


class SentActivity(Struct, forbid_unknown_fields=True):
    category: Label
    activity: str | None = None
    component: Label | None = None
    event: Label | None = None
    origin: Origin = "any"
    kind: Kind | None = None
    required_role: Label | None = None
    visibility: Literal["operations"] | None = None
    variants: Annotated[list[SentVariant], Meta(min_length=1, max_length=50)] = msgspec.field(
        default_factory=lambda: [SentVariant()]
    )


def definition_of(name: str, sent: SentActivity, profiles: Activity | None) -> Activity:
    """`profiles`: the profile's own definition. Variants of the same names keep its origins."""
    if sent.activity not in (None, name):
        raise bad_field("activity", "differs from the one in the path")
    if not slug(sent.category):
        raise bad_field("category", "must contain a letter or a digit")
    for path, label in (
        ("category", sent.category),
        ("component", sent.component),
        ("event", sent.event),
        ("required_role", sent.required_role),
    ):
        if label is not None:
            forms.text(path, label, 128)
    if sent.component is not None and f"{slug(sent.component)}." == OWN_ACTIVITIES:
        raise bad_field("component", "is reserved for Daybook", "reserved_component")
    names = [variant.variant for variant in sent.variants]
    if len(set(names)) < len(names):
        raise bad_field("variants", "two variants have the same name")
    bare = uncatalogued(name)
    origins = {} if profiles is None else {variant.variant: variant.origin for variant in profiles.variants}
    return Activity(
        activity=name,
        category=sent.category,
        component=sent.component or bare.component,
        event=sent.event or bare.event,
        origin=sent.origin,
        kind=sent.kind,
        variants=tuple(
            _variant(f"variants[{index}]", variant, origins.get(variant.variant))
            for index, variant in enumerate(sent.variants)
        ),
        required_role=sent.required_role,
        visibility=sent.visibility,
    )


def _variant(path: str, sent: SentVariant, origin: Origin | None) -> Variant:
    if not _SLUG.fullmatch(sent.variant):
        raise bad_field(f"{path}.variant", "must be 1 to 64 of a-z, 0-9 and -")
    for field, value in (("when", sent.when), ("template", sent.template)):
        forms.prose(f"{path}.{field}", value)
    names = [param.name for param in sent.params]
    for index, name in enumerate(names):
        if not _PARAMETER.fullmatch(name):
            raise bad_field(f"{path}.params[{index}].name", "must be 1 to 40 of a-z, 0-9 and _")
        if name in names[:index]:
            raise bad_field(f"{path}.params[{index}].name", "appears more than once")
    placeholders = PLACEHOLDER.findall(sent.template)
    if len(placeholders) > MAX_PLACEHOLDERS:
        raise bad_field(f"{path}.template", f"contains more than {MAX_PLACEHOLDERS} parameters", "invalid_length")
    unknown = set(placeholders) - set(names)
    if unknown:
        raise bad_field(f"{path}.template", f"names unknown parameters: {', '.join(sorted(unknown))}")
    if set("{}") & set(PLACEHOLDER.sub("", sent.template)):
        raise bad_field(f"{path}.template", "braces must contain the name of a parameter: a-z, 0-9 and _")
    return Variant(sent.variant, sent.when, sent.template, tuple(sent.params), origin)
