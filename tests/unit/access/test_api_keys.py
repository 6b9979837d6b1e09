"""API keys: their form and their hash."""

import hashlib
import re

import pytest

from daybook.access import api_keys

SECRET = "Aa0" * 11  # 33 characters


def test_a_new_key_has_the_contracts_form() -> None:
    """A key is `dbk_<id>_<secret>`: an id of [a-z0-9]{1,32}, a secret of at least 32 letters and digits."""
    assert re.fullmatch(r"dbk_[a-z0-9]{1,32}_[A-Za-z0-9]{32,}", api_keys.new_key().credential)


def test_no_two_new_keys_are_alike() -> None:
    """Neither ids nor secrets repeat."""
    made = [api_keys.new_key() for _ in range(100)]
    assert len({key.id for key in made}) == len({key.secret for key in made}) == 100


def test_a_key_is_made_of_the_given_randomness_alone() -> None:
    """The source of randomness is injected: the same draws make the same key."""
    key = api_keys.new_key(choice=lambda alphabet: alphabet[-1])
    assert key == api_keys.new_key(choice=lambda alphabet: alphabet[-1])
    assert set(key.id) | set(key.secret) == {"9"}


def test_a_new_key_reads_back() -> None:
    """The text that the caller gets parses to the same id and secret."""
    key = api_keys.new_key()
    assert api_keys.parse(key.credential) == key


@pytest.mark.parametrize("secret", [SECRET, "x" * 32, "Z9" * 200])
def test_longer_secrets_are_keys_too(secret: str) -> None:
    """An operator may bring an operations key of their own making."""
    assert api_keys.parse(f"dbk_ops_{secret}") == ("ops", secret)


@pytest.mark.parametrize(
    "credential",
    [
        "",
        "dbk_",
        f"dbk__{SECRET}",
        f"dbk_OPS_{SECRET}",
        f"dbk_{'a' * 33}_{SECRET}",
        f"dbk_ops_{'x' * 31}",
        f"dbk_ops_{SECRET}\n",
        f" dbk_ops_{SECRET}",
        f"dbk_ops_{SECRET}_more",
        f"dbk_ops_{SECRET}é",
        f"dbk_o#s_{SECRET}",
        f"dbk_٣_{SECRET}",  # a digit, but not one that the form allows
        "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln",
    ],
)
def test_what_has_not_the_form_is_no_key(credential: str) -> None:
    """Only the exact form parses, so an id can't change the structure of a row's key."""
    assert api_keys.parse(credential) is None


def test_only_the_secret_itself_matches_its_hash() -> None:
    """The hash is SHA-256 in hexadecimal. A secret that differs in any character does not match it."""
    stored = api_keys.hash_of(SECRET)
    assert stored == hashlib.sha256(SECRET.encode()).hexdigest()
    assert api_keys.matches(SECRET, stored)
    assert not api_keys.matches(SECRET[:-1] + "1", stored)
    assert not api_keys.matches(SECRET, "")
    assert not api_keys.matches(stored, stored)


def test_a_key_hides_its_secret_from_logs() -> None:
    """Printing a key, or a structure that holds it, shows only the id."""
    assert SECRET not in repr([api_keys.Key("k1", SECRET)])
