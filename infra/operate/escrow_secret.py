"""Escrows the deployment's secret and puts it back: `python -m infra.operate.escrow_secret write --file FILE`.

Without the secret every event's id is lost: no retry meets its first try. `write` encrypts the secret into a file under
a passphrase that it makes and prints once. It opens the file again before it says so. `check` says whether the file
holds the secret in use. `put` writes the file's secret into Secrets Manager. It refuses where another secret has been
in use, unless `--force` is given. docs/operations/secret.md says who keeps what.
"""

import argparse
import getpass
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from daybook.crypto.generations import read_secret
from infra.names import STORAGE, named
from infra.operate.aws import Clients, clients, outputs, which_stage
from infra.operate.escrow import CannotOpen, NotEscrowed, new_passphrase, opened, sealed
from infra.operate.failures import Stopped, in_sentences

_CURRENT = "AWSCURRENT"


class Refused(Stopped):
    """The message says why, and what has happened."""


def write(secrets_manager: Any, arn: str, file: Path) -> str:
    """Returns the passphrase. Raises `Refused` where there is such a file, or it does not open again."""
    secret, passphrase = _value(secrets_manager, arn), new_passphrase()
    try:
        with file.open("xb") as new:
            new.write(sealed(secret, passphrase) + b"\n")
    except FileExistsError:
        raise Refused(f"{file} exists already. Nothing was written.") from None
    except OSError as error:
        raise Refused(f"{file} can't be written: {error.strerror}.") from None
    if opened(file.read_bytes(), passphrase) != secret:
        raise Refused(f"{file} does not hold what was written. Delete it.")
    return passphrase


def check(secrets_manager: Any, arn: str, escrowed: bytes) -> None:
    """Raises `Refused` where the file does not hold the secret in use."""
    now = _value(secrets_manager, arn)
    if escrowed == now:
        return
    if _permanent(escrowed) == _permanent(now):
        raise Refused("The file holds the permanent secret. Keys were rotated since: write a new file.")
    raise Refused("The file holds another secret than the one in use.")


def put(secrets_manager: Any, arn: str, escrowed: bytes, *, force: bool) -> bool:
    """Returns whether the secret was changed. Raises `Refused` where another one has been in use."""
    # Absent if the secret was never retrieved: then nothing was ever derived from it. Looked at before we retrieve it.
    was_in_use = secrets_manager.describe_secret(SecretId=arn).get("LastAccessedDate") is not None
    if _permanent(_value(secrets_manager, arn)) == _permanent(escrowed):
        return False  # and its rotated keys are at least as new as the file's
    if was_in_use and not force:
        raise Refused(
            "Another secret has been in use. The ids of events derive from it, so whatever was stored with it would be"
            " stored anew by a retry. Nothing was changed. If you are sure, add --force."
        )
    # The replaced one stays, as AWSPREVIOUS, until the next change.
    secrets_manager.put_secret_value(SecretId=arn, SecretString=escrowed.decode())
    if _value(secrets_manager, arn) != escrowed:
        raise Refused("The secret was changed meanwhile. Run it again.")
    return True


def _value(secrets_manager: Any, arn: str) -> bytes:
    value: str = secrets_manager.get_secret_value(SecretId=arn, VersionStage=_CURRENT)["SecretString"]
    return value.encode()


def _permanent(secret: bytes) -> bytes:
    return read_secret(secret).permanent


def _opened(file: Path, ask: Callable[[str], str]) -> bytes:
    """Asks for the passphrase once the file is read. Raises `Refused` where it is no deployment's secret."""
    try:
        content = file.read_bytes()
        escrowed = opened(content, ask("Passphrase: ").strip())
        read_secret(escrowed)
    except OSError as error:
        raise Refused(f"{file} can't be read: {error.strerror}.") from None
    except NotEscrowed:
        raise Refused(f"{file} is not a file that `write` has made.") from None
    except CannotOpen:
        raise Refused(f"{file} does not open with this passphrase.") from None
    except msgspec.MsgspecError:
        raise Refused(f"{file} holds something other than a deployment's secret.") from None
    return escrowed


@in_sentences("")
def main(
    arguments: Sequence[str],
    *,
    connect: Callable[[argparse.Namespace], Clients] = clients,
    ask: Callable[[str], str] = getpass.getpass,
) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m infra.operate.escrow_secret",
        parents=[which_stage()],
        description="Escrows the deployment's secret in an encrypted file, checks the file, or puts its secret back.",
    )
    parser.add_argument("what", choices=("write", "check", "put"))
    parser.add_argument("--file", required=True, type=Path, help="the encrypted file")
    parser.add_argument("--force", action="store_true", help="with put: replace a secret that has been in use")
    options = parser.parse_args(arguments)
    escrowed = b"" if options.what == "write" else _opened(options.file, ask)
    aws = connect(options)
    secrets_manager, arn = aws("secretsmanager"), outputs(aws, named(STORAGE, options.stage))["SecretArn"]
    if options.what == "write":
        sys.stdout.write(f"{write(secrets_manager, arn, options.file)}\n")
        sys.stderr.write(
            f"This passphrase opens {options.file}. It is shown this once: write it down and keep it apart from the"
            " file.\n"
        )
        return 0
    if options.what == "check":
        check(secrets_manager, arn, escrowed)
        said = "The file holds the secret in use."
    elif put(secrets_manager, arn, escrowed, force=options.force):
        said = "The secret is put back. Functions that are warm still have the other one: deploy the service anew."
    else:
        said = "The secret in use is this one already. Nothing was changed."
    sys.stdout.write(f"{said}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
