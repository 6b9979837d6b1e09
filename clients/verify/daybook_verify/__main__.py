"""The command `daybook-verify`."""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from daybook_verify import export, kept, monitor, proof
from daybook_verify.checkpoints import Signed, Trust
from daybook_verify.errors import CannotTell, NotGenuine
from daybook_verify.fetching import HttpLog
from daybook_verify.notes import COSIGNATURE, VerifierKey, parse_key
from daybook_verify.report import Report

_CREDENTIAL = "DAYBOOK_KEY"
_NOT_GENUINE, _COULD_NOT_TELL = 1, 2
_DESCRIPTION = "Verifies proofs, exports and logs of a Daybook without trusting whoever runs it."
_EPILOG = """exit code: 0 all is genuine, and complete where an unfiltered export was asked about;
1 something is not genuine, or missing; 2 it could not be told"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Answers the exit code."""
    asked = _parser().parse_args(arguments)
    report = Report()
    try:
        _run(asked, report)
    except (NotGenuine, CannotTell) as error:
        report.ended_by(error)
    except OSError as error:
        report.unknown(str(error))
    except Exception as error:  # noqa: BLE001  a fault of this program says nothing of what it verifies
        report.unknown(f"this program failed: {error!r}")
    written = _write(report.as_json() if asked.json else "\n".join(report.lines()))
    return report.exit_code if written else _COULD_NOT_TELL


def _write(text: str) -> bool:
    """Whether all of it could be written. A result that nobody can read is none."""
    if sys.stdout is None:  # it was closed by whoever started the program
        return False
    encoding = sys.stdout.encoding  # a terminal's may lack letters of names
    try:
        print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)  # noqa: T201
    except OSError:  # a full disk, or a pipe that nobody reads
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python fails again as it ends
        return False
    return True


def _run(asked: argparse.Namespace, report: Report) -> None:
    keys = tuple(map(parse_key, asked.key))
    names = [key.name for key in keys] + ([asked.origin] if asked.origin else [])
    trust = Trust(keys, tuple(_cosigner(line, names) for line in asked.cosigner), asked.origin)
    match asked.what:
        case "proof":
            _keep(proof.verify(asked.file.read_bytes(), trust, report), asked.kept, report)
        case "export":
            known = kept.read(asked.kept) if asked.kept else []
            with asked.file.open("rb") as file, asked.evidence.open("rb") as evidence:
                signed = export.verify(file, evidence, trust, known, report)
            _keep(signed, asked.kept, report)
        case "monitor":
            headers = {"Authorization": f"Bearer {os.environ[_CREDENTIAL]}"} if _CREDENTIAL in os.environ else {}
            if asked.tenant:
                headers["Daybook-Tenant"] = asked.tenant
            monitor.follow(HttpLog(asked.url, headers), trust, asked.kept, _now_ms(), report)


def _keep(signed: Signed, path: Path | None, report: Report) -> None:
    """The monitor's next walk then shows whether the log that the auditor follows has this checkpoint too."""
    if path is None or report.exit_code == _NOT_GENUINE:
        return
    if signed.checkpoint not in [each.checkpoint for each in kept.read(path)]:
        kept.append(path, _now_ms(), signed)
        report.note(f"its checkpoint was added to {path}: the monitor will hold it against the log")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _cosigner(line: str, logs: Sequence[str]) -> VerifierKey:
    """A log's own key of times is no cosigner's: whoever runs the log chooses those times. Its name lies beside the
    log's, as `daybook/time` beside `daybook/<name>`.
    """
    key = parse_key(line)
    if key.kind != COSIGNATURE:
        raise CannotTell(f"{line!r} is not the key of a cosigner")
    if any(key.name == log or key.name.rpartition("/")[0] == log.rpartition("/")[0] != "" for log in logs):
        raise CannotTell(f"{key.name} is the log's own key of times. A cosigner is somebody else: leave it out")
    return key


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--key",
        action="append",
        required=True,
        metavar="LINE",
        help="a key of the log, as a verifier key line; may be repeated",
    )
    common.add_argument(
        "--cosigner", action="append", default=[], metavar="LINE", help="a key of somebody else whose time you trust"
    )
    common.add_argument("--origin", help="the log's origin, as /v1/logs shows it, where it is not the key's name")
    common.add_argument("--json", action="store_true", help="print one JSON object")

    parser = argparse.ArgumentParser(prog="daybook-verify", description=_DESCRIPTION, epilog=_EPILOG)
    what = parser.add_subparsers(dest="what", required=True)
    one = what.add_parser("proof", parents=[common], help="one event: the answer of /v1/events/{id}/proof")
    one.add_argument("file", type=Path, metavar="FILE")
    _add_kept(one)

    many = what.add_parser("export", parents=[common], help="an exported file")
    many.add_argument("file", type=Path, metavar="FILE")
    many.add_argument("--evidence", type=Path, required=True, metavar="FILE", help="<file name>.evidence.ndjson")
    _add_kept(many)

    whole = what.add_parser(
        "monitor", parents=[common], help=f"a log; the environment's {_CREDENTIAL} is the credential"
    )
    whole.add_argument("url", metavar="URL", help="https://…/v1/logs/<name>")
    whole.add_argument("--kept", type=Path, required=True, metavar="FILE", help="where checkpoints are kept")
    whole.add_argument("--tenant", help="the tenant, where the credential is an operator's")
    return parser


def _add_kept(parser: argparse.ArgumentParser) -> None:
    explained = "checkpoints that the monitor kept; this one is added, to be held against the log by its next walk"
    parser.add_argument("--kept", type=Path, metavar="FILE", help=explained)


if __name__ == "__main__":
    sys.exit(main())
