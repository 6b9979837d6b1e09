"""Where the command finds its Daybook and its key."""

import stat
from pathlib import Path

import pytest

from daybook_client.cli.profiles import Profile, Profiles, read_profiles, write_profiles
from tests.support.command_line import KEY, URL, Call, KeysInMemory, daybook


def me(_call: Call) -> dict[str, object]:
    return {"tenant": "acme", "role": "auditor", "environments": ["prod"], "credential": {"id": "k1", "label": "x"}}


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {"XDG_CONFIG_HOME": str(tmp_path)}


def test_a_profile_keeps_its_key_in_the_keyring(home: dict[str, str], tmp_path: Path) -> None:
    """The file, which its owner alone may read, never holds the key; nor does the output."""
    keys = KeysInMemory()
    made = daybook("profile", "add", "prod", "--url", URL, stdin=KEY + "\n", keys=keys, environ=home)
    assert made.code == 0
    assert keys.held == {("prod", URL): KEY}
    file = tmp_path / "daybook" / "config.toml"
    assert KEY not in file.read_text() + made.out + made.err
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    asked = daybook("whoami", keys=keys, environ=home, answer=me)
    assert asked.lines[0]["profile"] == "prod"
    assert asked.lines[0]["url"] == URL


def test_a_profile_that_points_elsewhere_does_not_take_its_key_along(home: dict[str, str], tmp_path: Path) -> None:
    """The key was given for one URL."""
    keys = KeysInMemory()
    daybook("profile", "add", "prod", "--url", URL, stdin=KEY, keys=keys, environ=home)
    file = tmp_path / "daybook" / "config.toml"
    file.write_text(file.read_text().replace("daybook.example", "evil.example"))
    refused = daybook("whoami", keys=keys, environ=home, answer=me)
    assert refused.code == 2
    assert refused.calls == []
    assert "keyring" in refused.err


def test_a_key_in_the_file_is_refused_and_not_repeated(home: dict[str, str], tmp_path: Path) -> None:
    """The sentence says why, and does not show the key."""
    file = tmp_path / "daybook" / "config.toml"
    file.parent.mkdir()
    file.write_text(f'[profiles.prod]\nurl = "{URL}"\nkey = "{KEY}"\n')
    refused = daybook("whoami", "--profile", "prod", environ=home)
    assert refused.code == 2
    assert "never holds the key" in refused.err
    assert KEY not in refused.err


def test_a_profile_may_take_its_key_from_a_variable(home: dict[str, str]) -> None:
    """For machines without a keyring."""
    assert daybook("profile", "add", "ci", "--url", URL, "--key", "env:CI_KEY", environ=home).code == 0
    assert daybook("whoami", "--profile", "ci", environ={**home, "CI_KEY": KEY}, answer=me).code == 0
    missing = daybook("whoami", "--profile", "ci", environ=home, answer=me)
    assert missing.code == 2
    assert "CI_KEY" in missing.err


def test_url_and_key_come_from_one_place(home: dict[str, str]) -> None:
    """A URL without its key never gets another's."""
    keys = KeysInMemory()
    daybook("profile", "add", "prod", "--url", URL, stdin=KEY, keys=keys, environ=home)
    alone = daybook("whoami", environ={**home, "DAYBOOK_URL": "https://other.example"}, keys=keys)
    assert (alone.code, alone.calls) == (2, [])
    assert "DAYBOOK_KEY" in alone.err
    both = daybook("whoami", "--profile", "prod", "--url", "https://other.example", environ=home, keys=keys)
    assert (both.code, both.calls) == (2, [])


def test_a_key_goes_over_tls_only(home: dict[str, str]) -> None:
    """Also where a profile is made."""
    refused = daybook("profile", "add", "prod", "--url", "http://daybook.example", stdin=KEY, environ=home)
    assert refused.code == 2
    assert "https" in refused.err


def test_profiles_are_listed_chosen_and_removed(home: dict[str, str]) -> None:
    """The first one is the default until another is chosen; a removed one takes its key along."""
    keys = KeysInMemory()
    for name in ("one", "two"):
        daybook("profile", "add", name, "--url", URL, stdin=KEY, keys=keys, environ=home)
    assert daybook("profile", "use", "two", environ=home).code == 0
    listed = daybook("profile", "list", environ=home).lines
    assert [(row["profile"], row["default"]) for row in listed] == [("one", False), ("two", True)]
    assert daybook("profile", "remove", "one", keys=keys, environ=home).code == 0
    assert list(keys.held) == [("two", URL)]
    assert daybook("profile", "use", "one", environ=home).code == 2


def test_profiles_are_read_as_they_were_written(tmp_path: Path) -> None:
    """Whatever characters are in them."""
    path = tmp_path / "config.toml"
    odd = {"a.b": Profile(URL), "my prod": Profile(URL, environment="\x7f\n😀")}
    profiles = Profiles("a", {"a": Profile(URL, "env:A", 'ac"me\\', "prüf"), "b-2": Profile(URL), **odd})
    write_profiles(path, profiles)
    assert read_profiles(path) == profiles
    assert "\n[profiles.b-2]\n" in path.read_text(encoding="utf-8")


def test_what_is_no_text_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    """Half a character in an argument must not cost all profiles."""
    path = tmp_path / "config.toml"
    write_profiles(path, Profiles("a", {"a": Profile(URL)}))
    with pytest.raises(ValueError, match="surrogates"):
        write_profiles(path, Profiles("a", {"a": Profile(URL, environment="\udc80")}))
    assert read_profiles(path) == Profiles("a", {"a": Profile(URL)})
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("text", ["url =", "profiles = 3", "[profiles.a]\nurl = 3", "[profiles.a]\nhost = 'x'", "\x00"])
def test_a_file_that_is_none_is_said(home: dict[str, str], tmp_path: Path, text: str) -> None:
    """With its path, and without a traceback."""
    file = tmp_path / "daybook" / "config.toml"
    file.parent.mkdir()
    file.write_text(text)
    ran = daybook("profile", "list", environ=home)
    assert ran.code == 2
    assert str(file) in ran.err
    assert "Traceback" not in ran.err
