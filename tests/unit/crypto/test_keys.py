"""Keys derived from keys."""

import hmac

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from daybook.crypto.hkdf import hkdf, length_prefixed, tag
from daybook.crypto.keys import TENANT_PURPOSES, DeploymentKeys
from daybook.tenant import TenantCode


def test_rfc_5869_without_a_salt() -> None:
    """Its test case 3."""
    assert hkdf(b"\x0b" * 22, b"", 42).hex() == (
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
    )


@given(st.binary(min_size=1, max_size=64), st.binary(max_size=80), st.integers(1, 200))
def test_it_is_cryptographys(key: bytes, info: bytes, length: int) -> None:
    """For every key, purpose and length."""
    assert hkdf(key, info, length) == HKDF(SHA256(), length, None, info).derive(key)


@given(st.binary(min_size=32, max_size=64), st.binary(max_size=200))
def test_a_tag_is_the_librarys_hmac(key: bytes, message: bytes) -> None:
    """Its first 16 bytes."""
    assert tag(key, message) == hmac.digest(key, message, "sha256")[:16]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=4), st.lists(st.text("ab#", max_size=3)))
def test_parts_with_their_lengths_are_unambiguous(one: list[str], other: list[str]) -> None:
    """Two lists have the same bytes only if they are the same list."""
    assert (length_prefixed(*one) == length_prefixed(*other)) == (one == other)


def test_keys_are_the_deployments_and_the_tenants_own() -> None:
    """Each another one, all of them others for another secret or tenant, none of them shown."""
    one, other = TenantCode("0A1B2C"), TenantCode("0A1B2D")
    ours, others = DeploymentKeys(b"a" * 32), DeploymentKeys(b"b" * 32)
    tenants = [of.of(code) for of in (ours, others) for code in (one, other)]
    rotated = [of.each[0].key for keys in (ours, others) for of in (keys.cursors, keys.jobs)]
    keys = [key for tenant in tenants for key in vars(tenant).values()] + rotated
    assert len(set(keys)) == len(keys) == 4 * len(TENANT_PURPOSES) + 4
    shown = repr(tenants) + repr(ours) + repr(ours.cursors) + repr(ours.jobs)
    assert not any(key.hex() in shown or repr(key) in shown for key in keys)


def test_a_tenant_keeps_its_keys_in_another_deployment() -> None:
    """By the secret in its row. Then the deployment's own does not matter."""
    code = TenantCode("0A1B2C")
    moved = DeploymentKeys(b"a" * 32).tenant_secret(code)
    assert DeploymentKeys(b"b" * 32).of(code, moved) == DeploymentKeys(b"a" * 32).of(code)


def test_a_short_secret_is_refused() -> None:
    """31 bytes."""
    with pytest.raises(ValueError, match="32 bytes"):
        DeploymentKeys(b"a" * 31)
