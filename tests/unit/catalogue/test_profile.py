"""Loading a profile, and choosing the wording of an event."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.catalogue.description import describe
from daybook.catalogue.profile import (
    PROFILES,
    Activity,
    MissingParams,
    Param,
    UnknownProfile,
    UnknownVariant,
    Variant,
    VariantNeeded,
    choose_variant,
    pieces,
    profile,
    uncatalogued,
)

NAMES = st.sampled_from("abcd")
SETS = st.frozensets(NAMES)


def activity(*params: frozenset[str] | str) -> Activity:
    """An activity whose variants v0, v1, … take these parameters."""
    variants = tuple(
        Variant(f"v{place}", "", "", tuple(Param(name, "text") for name in sorted(names)))
        for place, names in enumerate(params)
    )
    return Activity("thing.done", "Things", "Thing", "Done", "any", variants)


def test_a_profile_is_read_once() -> None:
    """The same name gives the same object."""
    assert profile("chat") is profile("chat")


@pytest.mark.parametrize("name", ["", "nobody", "audit-log", "../profiles/chat", "Chat"])
def test_only_profiles_are_profiles(name: str) -> None:
    """No other name reaches the file system."""
    with pytest.raises(UnknownProfile):
        profile(name)


def test_a_profile_does_not_change() -> None:
    """A request cannot change what all requests of a warm Lambda share."""
    with pytest.raises(AttributeError):
        profile("chat").activities["chat-opened"].category = "Other"  # type: ignore[misc]


def test_misspelt_keys_are_refused() -> None:
    """A key that the catalogue does not know is a mistake in the data and must not be ignored."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"name": "a", "type": "text", "tipe": "person"}, Param)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"name": "a", "type": "preson"}, Param)


@pytest.mark.parametrize(
    ("name", "component", "event"),
    [
        ("robots.arm.moved", "robots.arm", "moved"),
        ("robot.moved", "robot", "moved"),
        ("moved", "", "moved"),
        ("repo:create", "repo", "create"),
        ("s3.amazonaws.com:GetObject", "s3.amazonaws.com", "GetObject"),
        ("iam:user.created", "iam:user", "created"),
        ("user.signed_in", "user", "signed_in"),
        ("ConsoleLogin", "", "ConsoleLogin"),
    ],
)
def test_uncatalogued_activities(name: str, component: str, event: str) -> None:
    """The parts before and after the last dot or colon, the category "other", and no wording."""
    assert uncatalogued(name) == Activity(name, "other", component, event, "any", ())


@given(st.lists(st.tuples(st.text(st.characters(exclude_characters="{}")), NAMES)), st.text("xyz .,-"))
def test_pieces_put_together_are_the_template(parts: list[tuple[str, str]], rest: str) -> None:
    """Text at even indexes, names at odd ones, and nothing is lost."""
    template = "".join(f"{text}{{{name}}}" for text, name in parts) + rest
    cut = pieces(template)
    assert list(cut[::2]) == [text for text, _ in parts] + [rest]
    assert list(cut[1::2]) == [name for _, name in parts]


def model(thing: Activity, sent: frozenset[str], *, has_details: bool) -> tuple[str, set[str]]:
    """The contract's sentences as code: exactly the parameters sent, otherwise the most of which all were sent. Without
    details, no parameter may be left over that another variant names.
    """
    exact = {v.variant for v in thing.variants if v.names == sent}
    ready = {v.variant: len(v.names) for v in thing.variants if v.names <= sent}
    best = exact or {name for name, size in ready.items() if size == max(ready.values())}
    if len(best) == 1 and not exact and not has_details:
        left_over = sent - thing.by_name[next(iter(best))].names
        best |= {v.variant for v in thing.variants if v.names & left_over}
    return ("none", set()) if not best else ("one" if len(best) == 1 else "tie", best)


@given(st.lists(SETS, min_size=1, max_size=5), SETS)
def test_without_a_name_the_parameters_choose_the_variant(params: list[frozenset[str]], sent: frozenset[str]) -> None:
    """Against the model: one wording is chosen, several require a name, none reports what the nearest lacks."""
    thing = activity(*params)
    kind, best = model(thing, sent, has_details=True)
    chosen = choose_variant(thing, None, sent, has_details=True)
    assert chosen is None if kind != "one" else chosen and {chosen.variant} == best
    kind, best = model(thing, sent, has_details=False)
    if kind == "one":
        chosen = choose_variant(thing, None, sent, has_details=False)
        assert chosen
        assert {chosen.variant} == best
    elif kind == "tie":
        with pytest.raises(VariantNeeded) as tie:
            choose_variant(thing, None, sent, has_details=False)
        assert set(tie.value.names) == best
    else:
        with pytest.raises(MissingParams) as missing:
            choose_variant(thing, None, sent, has_details=False)
        assert len(missing.value.names) == min(len(names - sent) for names in params)
        assert set(missing.value.names) == thing.by_name[missing.value.variant].names - sent


def test_left_over_parameters_of_another_variant_need_a_name() -> None:
    """The roles were forgotten, so the wording that has them lacks one. The shorter wording says something else."""
    update = profile("jiffy").activities["apps.update"]
    sent = frozenset({"app", "app_group", "user"})
    with pytest.raises(VariantNeeded) as needed:
        choose_variant(update, None, sent, has_details=False)
    assert len(needed.value.names) > 1
    assert any("user" in update.by_name[name].names for name in needed.value.names)
    kept = choose_variant(update, None, frozenset({"app", "app_group", "of_no_variant"}), has_details=False)
    assert kept is choose_variant(update, None, frozenset({"app", "app_group"}), has_details=False)


@given(st.lists(SETS, min_size=1, max_size=5), SETS, st.booleans(), st.data())
def test_a_named_variant_is_chosen(
    params: list[frozenset[str]], sent: frozenset[str], has_details: bool, data: st.DataObject
) -> None:
    """The named one or none. Missing parameters matter only without details."""
    thing = activity(*params)
    named = data.draw(st.sampled_from(thing.variants))
    if has_details or named.names <= sent:
        assert choose_variant(thing, named.variant, sent, has_details) is named
    else:
        with pytest.raises(MissingParams) as missing:
            choose_variant(thing, named.variant, sent, has_details)
        assert (missing.value.variant, {*missing.value.names}) == (named.variant, {*named.names} - sent)


@pytest.mark.parametrize(("named", "has_details"), [("nobody", True), ("nobody", False), ("", True), ("", False)])
def test_an_unknown_variant_is_refused(named: str, has_details: bool) -> None:
    """With or without details, a name that the activity lacks is a mistake. The error lists the names that it has."""
    with pytest.raises(UnknownVariant) as unknown:
        choose_variant(activity("a", "ab"), named, frozenset("a"), has_details)
    assert unknown.value.names == ("v0", "v1")


def test_an_uncatalogued_activity_has_no_wording() -> None:
    """There is nothing to check a name or parameters against."""
    thing = uncatalogued("robot.moved")
    assert choose_variant(thing, None, frozenset("a"), has_details=False) is None
    assert choose_variant(thing, "far", frozenset(), has_details=False) is None


def test_the_contracts_example_finds_its_wording() -> None:
    """The parameters alone tell a cluster's new name from its other changes, even with one more that no variant has."""
    update = profile("jiffy").activities["clusters.update"]
    sent = frozenset({"old_name", "new_name", "app", "app_group"})
    for parameters in (sent, sent | {"approver"}):
        chosen = choose_variant(update, None, parameters, has_details=False)
        assert chosen
        assert chosen.variant == "name"
    with pytest.raises(MissingParams) as missing:
        choose_variant(update, None, sent - {"new_name"}, has_details=False)
    assert (missing.value.variant, missing.value.names) == ("name", ("new_name",))


@pytest.mark.parametrize("name", PROFILES)
def test_the_catalogue_response(name: str) -> None:
    """Exactly the contract's members, a template always a string."""
    answer = json.loads(msgspec.json.encode(describe(profile(name), "open")))
    assert list(answer) == ["profile", "mode", "categories", "source_types", "activities"]
    assert (answer["profile"], answer["mode"]) == (name, "open")
    for thing in answer["activities"]:
        assert " ".join(thing) == "activity category component event origin kind required_role visibility variants"
        assert thing["category"] in answer["categories"]
        for variant in thing["variants"]:
            assert list(variant) == ["variant", "when", "template", "params"]
            assert isinstance(variant["template"], str)
            assert all(list(param) == ["name", "type"] for param in variant["params"])


def test_an_activity_in_the_response_is_valid_input() -> None:
    """An activity as the catalogue answers it is an activity: tenants send their own in the same form."""
    for thing in describe(profile("jiffy"), "open").activities:
        assert msgspec.convert(msgspec.to_builtins(thing), Activity) == profile("jiffy").activity(thing.activity)
