"""Which Daybook a command speaks to, as whom, and about which tenant and environment."""

from __future__ import annotations

from dataclasses import dataclass

from daybook_client.cli.problems import UsageProblem
from daybook_client.cli.profiles import FROM_ENVIRONMENT, KEYRING, Profile, profiles_path, read_profiles
from daybook_client.cli.surroundings import Surroundings


@dataclass(frozen=True)
class Asked:
    """The options of a command; an empty one was not given."""

    profile: str = ""
    url: str = ""
    tenant: str = ""
    environment: str = ""


@dataclass(frozen=True, repr=False)
class Connection:
    url: str
    key: str
    tenant: str
    environment: str
    profile: str


def find_connection(asked: Asked, around: Surroundings) -> Connection:
    """From a profile that is named (`--profile`, `DAYBOOK_PROFILE`), else from `DAYBOOK_URL` and `DAYBOOK_KEY`, else
    from the default profile.

    URL and key always come from the same place, so that no key goes to another's Daybook. Raises UsageProblem.
    """
    environ = around.environ
    tenant = asked.tenant or environ.get("DAYBOOK_TENANT", "")
    url = asked.url or environ.get("DAYBOOK_URL", "")
    name = asked.profile or ("" if asked.url else environ.get("DAYBOOK_PROFILE", ""))
    if asked.profile and asked.url:
        raise UsageProblem("A profile has its own URL: give --profile or --url.")
    if not name and (url or environ.get("DAYBOOK_KEY")):
        key = environ.get("DAYBOOK_KEY", "").strip()
        if not url or not key:
            missing = "DAYBOOK_URL" if not url else "DAYBOOK_KEY"
            raise UsageProblem(f"{missing} is not set. Set DAYBOOK_URL and DAYBOOK_KEY, or use a profile.")
        return Connection(url, key, tenant, asked.environment, "")
    profiles = read_profiles(profiles_path(environ))
    name = name or profiles.default
    if not name:
        raise UsageProblem("Set DAYBOOK_URL and DAYBOOK_KEY, or make a profile: daybook profile add NAME --url …")
    profile = profiles.get(name)
    return Connection(
        profile.url,
        _key_of(name, profile, around),
        tenant or profile.tenant,
        asked.environment or profile.environment,
        name,
    )


def _key_of(name: str, profile: Profile, around: Surroundings) -> str:
    if profile.key == KEYRING:
        key = around.keys.get(name, profile.url)
        where, how = "the keyring", f"daybook profile add {name} --url {profile.url}"
    else:
        variable = profile.key[len(FROM_ENVIRONMENT) :]
        key = around.environ.get(variable)
        where, how = f"the variable {variable}", f"export {variable}=…"
    if not key:
        raise UsageProblem(f"The key of the profile {name!r} is not in {where}. Put it there: {how}")
    return key.strip()
