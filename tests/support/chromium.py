"""Chromium, which Playwright drives. Playwright's own copy would be a download of 170 MB from a host of its own."""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first that is there. The shell is the same engine without windows: less work for each tab."""

PACKAGES = ("chromium-headless-shell", "chromium")
"""Of Debian; others have the second alone."""
MISSING = (
    "The tests of the console need Chromium, and it can only be installed by root with apt-get. Install the package"
    " `chromium` (or set DAYBOOK_CHROMIUM to a Chrome or Chromium of 2024 or later) and try again."
)
ARGUMENTS = (
    "--no-sandbox",  # as root, it does not start otherwise
    "--disable-gpu",
    "--disable-background-networking",  # it asks nobody but the house
    "--disable-dev-shm-usage",
)


def chromium() -> str | None:
    """The path of the program, which is installed if it is missing and this process may do it. None: see `MISSING`."""
    found = _found()
    if found or os.geteuid() or not shutil.which("apt-get"):
        return found
    print("Installing Chromium with apt-get, for the tests of the console …", file=sys.stderr)  # noqa: T201
    _apt_get("update")
    if not any(_apt_get("install", "-y", "--no-install-recommends", package) for package in PACKAGES):
        raise RuntimeError(MISSING)
    return _found()


def _apt_get(*command: str) -> bool:
    return not subprocess.run(  # noqa: S603  only our own words
        ["apt-get", "-qq", *command],  # noqa: S607
        check=False,
        stdout=subprocess.DEVNULL,
        env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
    ).returncode


def _found() -> str | None:
    named = os.environ.get("DAYBOOK_CHROMIUM")
    return named or next((path for path in map(shutil.which, NAMES) if path), None)
