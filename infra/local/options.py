"""The options of `make run`, all set by environment variables."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from daybook.access.api_keys import Key, parse
from infra.local.template import CACHE

STORES = ("moto", "dynamodb-local")


class CannotStart(Exception):  # noqa: N818  describes the request, not a failure
    """Local Daybook can't start this way. The text says why and what to do."""


@dataclass(frozen=True)
class Options:
    port: int
    aws_port: int
    store: str
    operations_key: Key | None
    demo: bool
    issuer: Mapping[str, str]
    """The variables by which the authorizer knows an OIDC issuer. Empty: it takes no tokens."""
    data: Path
    """The folder of the logs. With `dynamodb-local` it also holds the data that survives a restart."""
    checkpoint_seconds: int = 10
    """How often a log that has grown is signed."""
    sts_seconds: float = 0.0
    """How long STS takes to answer, as if it were further away."""
    used_grants: Path | None = None
    """The folder to note in which grants of the roles were used; for tests."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Options":
        """Raises `CannotStart`."""
        store = environ.get("DAYBOOK_STORE") or STORES[0]
        if store not in STORES:
            raise CannotStart(f"DAYBOOK_STORE is {store!r}. It must be {' or '.join(STORES)}.")
        credential = environ.get("DAYBOOK_OPERATIONS_KEY") or ""
        key = parse(credential)
        if credential and not key:
            raise CannotStart(
                "DAYBOOK_OPERATIONS_KEY must be dbk_<id>_<secret>, with a secret of at least 32 letters and digits."
            )
        return cls(
            port=port(environ, "PORT", 8787),
            aws_port=port(environ, "DAYBOOK_AWS_PORT", 8788),
            store=store,
            operations_key=key,
            issuer=issuer(environ),
            demo=environ.get("DAYBOOK_DEMO") != "0",
            data=Path(environ.get("DAYBOOK_DATA") or CACHE),
            checkpoint_seconds=positive(environ, "DAYBOOK_CHECKPOINT_SECONDS", 10),
            sts_seconds=number(environ, "DAYBOOK_STS_MILLISECONDS", 0) / 1_000,
            used_grants=Path(environ["DAYBOOK_USED_GRANTS"]) if "DAYBOOK_USED_GRANTS" in environ else None,
        )


def issuer(environ: Mapping[str, str]) -> dict[str, str]:
    names = ("OIDC_ISSUER", "OIDC_AUDIENCE", "OIDC_CONSOLE_CLIENT")
    given = {name: environ[f"DAYBOOK_{name}"] for name in names if environ.get(f"DAYBOOK_{name}")}
    if "OIDC_CONSOLE_CLIENT" in given and "OIDC_ISSUER" not in given:
        raise CannotStart("DAYBOOK_OIDC_CONSOLE_CLIENT needs DAYBOOK_OIDC_ISSUER.")
    if ("OIDC_ISSUER" in given) != ("OIDC_AUDIENCE" in given):
        raise CannotStart("DAYBOOK_OIDC_ISSUER and DAYBOOK_OIDC_AUDIENCE need each other.")
    if given and not given["OIDC_ISSUER"].startswith(("https://", "http://127.0.0.1:")):
        raise CannotStart("DAYBOOK_OIDC_ISSUER must begin with https:// or http://127.0.0.1:.")
    return given


def number(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name) or str(default)
    if not text.isdecimal():
        raise CannotStart(f"{name} is {text!r}. It must be a number.")
    return int(text)


def positive(environ: Mapping[str, str], name: str, default: int) -> int:
    value = number(environ, name, default)
    if not value:
        raise CannotStart(f"{name} must be at least 1.")
    return value


def port(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name) or str(default)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise CannotStart(f"{name} is {text!r}. It must be a port number.")
    return int(text)
