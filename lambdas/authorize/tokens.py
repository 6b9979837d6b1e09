"""The tokens of an OIDC issuer (JWT, RFC 7519), checked as RFC 8725 advises.

A token never makes its caller an operator, nor shows what operators do: it can't be revoked, and its claims are given
outside of Daybook.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import jwt

from authorize.signing_keys import ALGORITHMS, SigningKeys
from daybook.access.roles import OPERATIONS, ROLES
from daybook.clock import LAST_MS, SECOND
from daybook.environment import AuthorizeSettings
from daybook.http.caller import EVERY_ENVIRONMENT, Caller, User
from daybook.observability import logger
from daybook.tenant import RESERVED, SLUG

LEEWAY_SECONDS = 60
"""How much the issuer's clock may differ from ours."""

MAX_TOKEN = 10_240
"""Characters: as much as API Gateway takes of all headers together."""

MAX_NAME = 256

DOTS = 2
"""In a JWT. A credential with others is of another kind, and no token that is refused."""

_GRANTED = ROLES - {OPERATIONS}
# A subject has at most 255 ASCII characters (OpenID Connect Core 1.0, section 2). The gateway writes it into its log
# without escaping: quotation marks and backslashes would break the line.
_SUBJECT = re.compile(r"[ !#-\[\]-~]{1,255}")
_CHECKS: Any = {"require": ["iss", "aud", "exp", "sub"], "enforce_minimum_key_length": True}


# The others say that the token is no JWT, or that it has a claim of a wrong type.
_REASONS: Mapping[type[Exception], str] = {
    jwt.ExpiredSignatureError: "expired",
    jwt.ImmatureSignatureError: "not_valid_yet",
    jwt.InvalidAudienceError: "audience",
    jwt.InvalidIssuerError: "issuer",
    jwt.InvalidSignatureError: "signature",
    jwt.InvalidAlgorithmError: "signature",
    jwt.InvalidKeyError: "signature",
    jwt.exceptions.InvalidSubjectError: "subject",
}


class _Refused(Exception):  # noqa: N818  a fact, not a failure
    """The token is not valid. The message is a reason, never what the token holds."""


class Keys(Protocol):
    def key(self, key_id: str) -> jwt.PyJWK | None:
        """The issuer's key with this id. Raises `IssuerUnavailable`."""


@dataclass(frozen=True)
class Tokens:
    settings: AuthorizeSettings
    keys: Keys

    @classmethod
    def of(cls, settings: AuthorizeSettings) -> Self:
        return cls(settings, SigningKeys(settings.oidc_issuer))

    def caller(self, credential: str) -> Caller | None:
        """Raises `IssuerUnavailable`. Logs why a token is refused, because the answer does not say it."""
        if credential.count(".") != DOTS:
            return None
        try:
            return self._caller(self._claims(credential))
        except _Refused as refused:
            reason = str(refused)
        except OverflowError:  # PyJWT's, for a time such as 1e999
            reason = "unreadable"
        except jwt.MissingRequiredClaimError as missing:
            reason = f"no_{missing.claim}"
        except jwt.PyJWTError as error:
            reason = _REASONS.get(type(error), "unreadable")
        logger.info("token_refused", extra={"reason": reason})
        return None

    def _claims(self, token: str) -> Mapping[str, Any]:
        """The claims of a valid token. The issuer is not asked about one that can't be ours. Raises `_Refused`."""
        if len(token) > MAX_TOKEN or not token.isascii():
            raise _Refused("unreadable")
        read = jwt.decode_complete(token, options={"verify_signature": False})
        if read["header"].get("alg") not in ALGORITHMS:
            raise _Refused("algorithm")
        if read["payload"].get("iss") != self.settings.oidc_issuer:
            raise _Refused("issuer")
        key_id = read["header"].get("kid")
        key = self.keys.key(key_id) if isinstance(key_id, str) else None
        if key is None:
            raise _Refused("key")
        claims: Mapping[str, Any] = jwt.decode(
            token,
            key,
            algorithms=ALGORITHMS,
            audience=self.settings.oidc_audience,
            issuer=self.settings.oidc_issuer,
            leeway=LEEWAY_SECONDS,
            options=_CHECKS,
        )
        if int(claims["exp"]) * SECOND > LAST_MS:
            raise _Refused("unreadable")
        return claims

    def _caller(self, claims: Mapping[str, Any]) -> Caller:
        """Raises `_Refused` if the claims grant nothing."""
        settings, subject = self.settings, claims["sub"]
        tenant = claims.get(settings.oidc_tenant_claim)
        roles = sorted(_GRANTED.intersection(_texts(claims.get(settings.oidc_roles_claim))))
        environments = _environments(claims, settings.oidc_environments_claim)
        needed = {
            "tenant": isinstance(tenant, str) and SLUG.fullmatch(tenant) and tenant != RESERVED,
            "roles": roles,
            "environments": environments,
            "subject": _SUBJECT.fullmatch(subject),
        }
        for reason, is_there in needed.items():
            if not is_there:
                raise _Refused(reason)
        name, email = _name(claims.get("name")), _name(claims.get("email"))
        username = _name(claims.get("preferred_username")) or email or subject
        return Caller(
            role=",".join(roles),
            tenant=str(tenant),
            environment=environments,
            credential=subject,
            label="",
            user=User(settings.oidc_issuer, subject, username, name, email),
        )


def _environments(claims: Mapping[str, Any], name: str) -> str:
    """Every environment where the claim is absent. Empty for a claim that names none."""
    if name not in claims:
        return EVERY_ENVIRONMENT
    named = _texts(claims[name])
    return EVERY_ENVIRONMENT if EVERY_ENVIRONMENT in named else ",".join(filter(SLUG.fullmatch, named))


def _texts(value: Any) -> Sequence[str]:
    """A list of texts, or one text. Nothing for anything else."""
    texts = [value] if isinstance(value, str) else value
    return texts if isinstance(texts, list) and all(isinstance(each, str) for each in texts) else []


def _name(value: Any) -> str:
    """JSON may hold halves of surrogate pairs, which no answer can carry: each becomes a question mark."""
    return value[:MAX_NAME].encode(errors="replace").decode() if isinstance(value, str) else ""
