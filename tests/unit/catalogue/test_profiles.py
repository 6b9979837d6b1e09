"""The profiles' data: each against its product's document, the contract's views, and the agreed names."""

import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple, get_args

import pytest

from daybook.catalogue.profile import PROFILES, Activity, Kind, Profile, profile
from tests.support.places import DOCUMENTS, LAMBDAS

NAMES = DOCUMENTS / "activities.toml"

EVERY = """
    searched viewed exported export-downloaded export-cancelled retention-changed legal-hold-set
    legal-hold-lifted stream-changed stream-removed stream-tested stream-replayed catalogue-changed
    group-changed group-removed key-created key-revoked tenant-created tenant-changed
    person-forgotten alert-rules-changed alert-raised tamper-found export-completed people-disclosed
    feed-read statistics-viewed view-saved view-removed operators-key-created operators-key-revoked
    limits-changed
"""

# Labels in the product's order, with the names of the values that the view shows under them.
VIEWS = {
    "jiffy": "Tenant Name: tenant-name, Component: component, Event: event, Event Details: details, "
    "Event Status: status-title, Date-Time: jiffy-time, UserName: person-name, User Type: user-type",
    "carear": "Date: date, Time: time-of-day, Username: user, Event Category: category, Event Description: details",
    "chat": "Date and Time: date-time, User: user, IP Address: ip, Activity: activity",
    "symbee": "PlatformId: platform, CompanyId: tenant, Environment: environment, TimeStamp: seconds-time, "
    "SourceType: source-type, SourceUserId: username, ActivityAction: event-letters, "
    "ActivityType: component-letters, ActionTarget: action-target, ActionDetails: details",
    "enate": "Timestamp: enate-time, Activity: activity, Origin: origin, User: user, Work Item: work-item, "
    "From: from, To: to, Details: details, Status: status",
    "generic": "Time: time, Activity: activity, Actor: actor, Target: target, Details: details-or-changes, "
    "Status: status",
}

# Variants with the same parameters, so that the sender must name one. The products' documents word them so.
TIES = {
    "audit-log.viewed",
    "audit-log.catalogue-changed",
    "work-item.status-changed",
    "work-item.email-sent",
    "process.set-live",
    "user.profile-update",
    "user.invite",
    "server-settings.update",
    "tenant-vault.add",
    "tenant-vault.update",
    "secure-vault.add",
    "secure-vault.update",
    "apps.update",
    "app-users.update",
    "jiffy-tables.update",
    "doc-tables.update",
    "task.start",
    "task.stop",
}


@pytest.fixture(params=PROFILES)
def any_profile(request: pytest.FixtureRequest) -> Profile:
    return profile(request.param)


def test_ids_are_slugs(any_profile: Profile) -> None:
    """Ids of activities and variants are slugs, and so are parameters, with underscores: they become keys and
    parameters.
    """
    for name, activity in any_profile.activities.items():
        assert name == activity.activity
        assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)?", name)
        names = [variant.variant for variant in activity.variants]
        assert len(names) == len(set(names)), name
        assert names == ["default"] or ("default" not in names and len(names) > 1), name
        assert all(re.fullmatch("[a-z0-9-]+", variant) for variant in names), name
        for variant in activity.variants:
            assert all(re.fullmatch("[a-z0-9_]{1,40}", param.name) for param in variant.params), name


def test_ids_derive_from_labels(any_profile: Profile) -> None:
    """An activity's id is the slugs of its component and its event. Chat's documented ids stay as they are."""
    for activity in any_profile.activities.values():
        if "." in activity.activity:
            parts = (activity.component, activity.event)
            assert activity.activity == ".".join(re.sub(r"[^a-z0-9]+", "-", part.lower()) for part in parts)
        else:
            assert any_profile.name == "chat"


def test_templates_and_parameters_agree(any_profile: Profile) -> None:
    """A sentence names each of its parameters. Daybook's own events may carry more than they say."""
    for name, activity in any_profile.activities.items():
        for variant in activity.variants:
            placeholders = frozenset(variant.pieces[1::2])
            if name.startswith("audit-log."):
                assert placeholders <= variant.names, name
            else:
                assert placeholders == variant.names, name


def test_sentences_have_clean_punctuation(any_profile: Profile) -> None:
    """No doubled or missing spaces and no stray braces: people read them."""
    for name, activity in any_profile.activities.items():
        for variant in activity.variants:
            text = variant.template
            assert text == " ".join(text.split()), name
            assert not re.search(r"\w\{|\}\w| [.,:]|[.,:](?![ .]|$)", text), text
            assert not set("{}") & set("".join(variant.pieces[::2])), text
            assert text or any_profile.name == "symbee", name


def test_people_are_typed_as_people(any_profile: Profile) -> None:
    """Every parameter that is a username has the type person, so that it is sealed."""
    for name, activity in any_profile.activities.items():
        for variant in activity.variants:
            for param in variant.params:
                assert (param.type == "person") == (param.name in {"user", "assignee"}), name


def test_only_listed_variants_need_naming(any_profile: Profile) -> None:
    """For all other activities the parameters determine the wording."""
    for name, activity in any_profile.activities.items():
        repeated = Counter(variant.names for variant in activity.variants).most_common(1)[0][1] > 1
        assert repeated == (name in TIES), name


def test_every_profile_has_daybooks_own_events(any_profile: Profile) -> None:
    """Daybook's own events are in each catalogue, in a category of their own except for CareAR."""
    own = [activity for name, activity in any_profile.activities.items() if name.startswith("audit-log.")]
    assert [activity.activity.removeprefix("audit-log.") for activity in own] == EVERY.split()
    category = "Administration settings" if any_profile.name == "carear" else "Audit Log"
    assert {(activity.category, activity.component, activity.origin) for activity in own} == {
        (category, "Audit Log", "any")
    }


SIGN_INS = {
    "generic": ("user.login", "user.logout"),
    "chat": ("user-logged-in", "user-logged-out"),
    "jiffy": ("user.login", "user.logout"),
    "enate": ("user-session.started", "user-session.ended"),
    "carear": ("user-access.login", "user-access.logout"),
    "symbee": ("adminuser.login", "adminuser.logout"),
}
ACCESS = {
    "generic": "user.invited role.changed api-key.created api-key.revoked",
    "chat": "user-created user-updated user-deleted user-role-changed",
    "jiffy": "user.invite user.accept user.expiry user.activate user.deactivate user.delete user.archive "
    "user.password-change tenant.invite tenant.accept tenant.expiry tenant.activate tenant.deactivate apps.update "
    "custom-role.add custom-role.update custom-role.delete app-users.add app-users.update app-users.delete",
    "symbee": "adminuser.add adminuser.upd adminuser.del users.add users.upd users.del",
}
OF_CATEGORIES = {
    "enate": {"Security and Access"},
    "carear": {"User administration"},
}
"""Where the product's own document says which activities change access."""
REMOVALS = re.compile(r"[.-](delete|deleted|del|removed|revoked|forgotten)")


def test_kinds_are_alike_in_all_products(any_profile: Profile) -> None:
    """Sign-ins, changes of access and deletions are found in each product, whatever it calls them."""
    name, own = any_profile.name, [one for one in any_profile.activities.values() if one.component != "Audit Log"]
    of_kind = {kind: {one.activity for one in own if one.kind == kind} for kind in get_args(Kind)}
    assert [of_kind["sign-in"], of_kind["sign-out"]] == [{each} for each in SIGN_INS[name]]
    if name in ACCESS:
        assert of_kind["access-change"] == set(ACCESS[name].split())
    else:
        category = {one.activity for one in own if one.category in OF_CATEGORIES[name]}
        assert category <= of_kind["access-change"]
        assert {one.split(".")[0] for one in of_kind["access-change"] - category} <= {"user-access", "provisioning-api"}
    removals = {one.activity for one in own if REMOVALS.search(one.activity)}
    assert removals - of_kind["access-change"] == of_kind["deletion"]


def test_views_equal_the_contracts(any_profile: Profile) -> None:
    """Columns in the product's order."""
    shown = ", ".join(f"{column.label}: {column.value}" for column in any_profile.columns)
    assert shown == VIEWS[any_profile.name]


@pytest.mark.parametrize(
    ("name", "configurable", "days"),
    [
        ("generic", True, (30, 365, 3650)),
        ("chat", True, (30, 365, 3650)),
        ("jiffy", True, (30, 365, 3650)),
        ("enate", True, (30, None, 3650)),
        ("carear", True, (30, 90, 180)),
        ("symbee", False, (45, 45, 45)),
    ],
)
def test_retention(name: str, configurable: bool, days: tuple[int, int | None, int]) -> None:
    """Only Enate keeps events for ever by default; Symbee's 45 days are fixed."""
    policy = profile(name).retention
    assert policy.configurable == configurable
    assert (policy.min_days, policy.default_days, policy.max_days) == days


def test_aliases_and_sources() -> None:
    """Actors other than people are shown as the product calls them. Only CareAR limits the sources of events."""
    aliases = profile("carear").aliases
    assert [aliases.of(kind) for kind in ("system", "api", "operations", "unknown", "user")] == [
        "System",
        "Provisioning API",
        "CareAR Operations",
        "Unknown",
        None,
    ]
    for name in PROFILES:
        bounded = {"portal", "system", "provisioning-api", "super-admin"} if name == "carear" else None
        assert profile(name).source_types == bounded
        assert profile(name).default_source_type == ("ADMIN" if name == "symbee" else None)
        if name != "carear":
            assert profile(name).aliases.of("operations") == "Operations"


def test_carear_has_exactly_seven_categories() -> None:
    assert profile("carear").categories == (
        "User administration",
        "User access",
        "Experiences",
        "Connector Center",
        "Surveys",
        "Administration settings",
        "Provisioning API",
    )


def test_symbee_speaks_in_capitals() -> None:
    """Labels become ActivityType and ActivityAction; only the login has details of its own."""
    own = [a for a in profile("symbee").activities.values() if a.component != "Audit Log"]
    assert len(own) == 23
    for activity in own:
        assert activity.activity.upper() == f"{activity.component}.{activity.event}"
        login = "Administration Portal login" if activity.activity == "adminuser.login" else ""
        assert [variant.template for variant in activity.variants] == [login]


def test_enates_exceptions() -> None:
    """Completing takes a person, going live takes a role, and API access is visible to operations only."""
    enate = profile("enate").activities
    assert {v.variant: v.origin for v in enate["work-item.status-changed"].variants} == {
        "changed": None,
        "completed": "user",
    }
    roles = {name: a.required_role for name, a in enate.items() if a.required_role}
    assert roles == {"process.set-live": "Release Manager"}
    assert {name for name, a in enate.items() if a.visibility == "operations"} == {"api.called"}
    assert [param.type for param in enate["work-item.time-adjusted"].variants[0].params] == ["event"]


def test_the_contracts_own_example() -> None:
    """The example of the HTTP contract is one of Jiffy's wordings, with these parameters."""
    update = profile("jiffy").activities["clusters.update"]
    assert update.by_name["name"].names == {"old_name", "new_name", "app", "app_group"}
    assert update.by_name["name"].template == (
        "Cluster {old_name} updated as {new_name} of the {app} under the {app_group}"
    )


class Agreed(NamedTuple):
    """One activity as the list of agreed names writes it."""

    category: str
    origin: str
    params: set[str]
    variants: list[str]
    template: str | None


def agreed(lines: dict[str, list[str]]) -> Iterator[tuple[str, Agreed]]:
    """Each name of `activities.toml`, with `a|b .c|d` expanded."""
    for category, entries in lines.items():
        for entry in entries:
            found = re.fullmatch(r"([a-z0-9|-]+)(?: ?\.([a-z0-9|-]+))? ([usa]) (?:doc|own)(.*)", entry)
            assert found, entry
            firsts, seconds, origin, rest = found.groups()
            halves = [firsts.split("|"), seconds.split("|")] if seconds else [firsts.split("|")]
            braces = re.search(r"\{([^}]*)\}", rest)
            named = re.search(r"variants: (.*)", rest)
            template = re.search(r"(?<!role )'([^']*)'", rest)
            for name in product(*halves):
                yield (
                    ".".join(name),
                    Agreed(
                        category,
                        {"u": "user", "s": "system", "a": "any"}[origin],
                        {part.split(":")[0] for part in braces[1].split(",")} if braces else set(),
                        [re.split(r" ?\(", part)[0] for part in re.split("[;,] ", named[1])][:2] if named else [],
                        template[1] if template else None,
                    ),
                )


@pytest.mark.parametrize("name", ["chat", "enate", "carear", "symbee"])
def test_names_equal_the_agreed_ones(name: str) -> None:
    """Exactly the agreed activities exist, each with its category, origin, variants and parameters."""
    if not NAMES.exists():
        pytest.skip(f"the list of names is not beside the checkout: {NAMES}")
    wanted = dict(agreed(tomllib.loads(NAMES.read_text("utf-8"))[name]))
    own = {key: a for key, a in profile(name).activities.items() if a.component != "Audit Log"}
    assert own.keys() == wanted.keys()
    for key, activity in own.items():
        assert _as_agreed(activity, wanted[key]) == wanted[key], key


def test_daybooks_own_names_equal_the_agreed_ones() -> None:
    """All of them exist from the first release on, also those that a later part of Daybook records."""
    if not NAMES.exists():
        pytest.skip(f"the list of names is not beside the checkout: {NAMES}")
    assert set(tomllib.loads(NAMES.read_text("utf-8"))["every"]["audit-log"]["names"]) == set(EVERY.split())


def _as_agreed(activity: Activity, wanted: Agreed) -> Agreed:
    names = [variant.variant for variant in activity.variants]
    return Agreed(
        activity.category,
        activity.origin,
        set().union(*(variant.names for variant in activity.variants)),
        [] if names == ["default"] else names,
        wanted.template and activity.variants[0].template,
    )


def test_generic_has_common_activities() -> None:
    """A tenant without a profile of its own finds the names that most would choose."""
    assert {name for name in profile("generic").activities if not name.startswith("audit-log.")} == {
        *("user.login", "user.logout", "user.invited", "role.changed", "setting.changed"),
        *("document.created", "document.updated", "document.deleted", "export.created"),
        *("api-key.created", "api-key.revoked"),
    }


FIRST_TOGETHER = """
import sys, threading
from daybook.catalogue.profile import profile
sys.setswitchinterval(1e-6)
together, found = threading.Barrier(16), set()
def first():
    together.wait()
    found.add(id(profile("jiffy")))
threads = [threading.Thread(target=first) for _ in range(16)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(len(found))
"""


def test_threads_that_are_the_first_to_need_a_profile_share_it() -> None:
    """In a process of its own, because two of them at once can end it: the fan-out's threads begin like this."""
    code = [sys.executable, "-c", FIRST_TOGETHER]
    done = subprocess.run(  # noqa: S603  the code above
        code, env={"PYTHONPATH": str(LAMBDAS)}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "1"
