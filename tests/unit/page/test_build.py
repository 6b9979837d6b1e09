"""The build of the console's page: what it depends on, and how large it gets."""

import json
import shutil
from pathlib import Path

import pytest

from infra.page import build as page
from infra.page.sizes import MAX_COMPRESSED, by_package, compressed, lines

pytestmark = pytest.mark.usefixtures("console_page")


def test_the_page_is_small() -> None:
    """All that a first visit loads, compressed; and it is known which package takes how much."""
    assert compressed() <= MAX_COMPRESSED
    assert by_package()["daybook"] > by_package()["preact"] > 5_000
    assert sum(by_package().values()) > compressed() > compressed(".br")
    assert any(line.startswith("gzip") and f"of {MAX_COMPRESSED:,}" in line for line in lines())


def test_an_unchanged_page_is_not_built_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The record holds the hash of the sources; without the files it does not count."""
    monkeypatch.setattr(page, "_check_node", lambda: pytest.fail("it was built again"))
    page.build()
    monkeypatch.setattr(page, "STATIC", page.STATIC / "missing")
    with pytest.raises(pytest.fail.Exception):
        page.build()


def test_each_source_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A changed, new or removed source, and the lock; what the build itself makes there does not."""
    copy = tmp_path / "page"
    shutil.copytree(page.PAGE, copy, ignore=shutil.ignore_patterns("node_modules"))
    monkeypatch.setattr(page, "PAGE", copy)
    monkeypatch.setattr(page, "TYPES", copy / page.TYPES.name)
    hashes = [page.hash_of_sources()]
    for name in ("main.tsx", "package-lock.json", "style/new.css"):
        (copy / name).write_text("changed")
        hashes.append(page.hash_of_sources())
    (copy / "icon.svg").unlink()
    hashes.append(page.hash_of_sources())
    (copy / "node_modules").mkdir()
    (copy / "node_modules" / "any.js").write_text("made")
    page.TYPES.write_text("made")
    assert page.hash_of_sources() == hashes[-1]
    assert len({*hashes}) == len(hashes)


def test_without_node_the_build_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`make run` and the tests show this text, and no traceback of a missing command."""
    monkeypatch.setattr(page, "READY", tmp_path / "page.ready")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(page.NodeMissing, match=r"Node 20 or later and npm, and there is no `node`"):
        page.build()


def test_a_command_that_fails_is_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With all that it said. The files that were there stay."""
    monkeypatch.setattr(page, "READY", tmp_path / "page.ready")
    monkeypatch.setattr(page, "PACKAGES", tmp_path)
    (tmp_path / ".daybook-lock").write_text("of another lock")
    (tmp_path / "npm").write_text("#!/bin/sh\necho the registry is away\nexit 1\n")
    (tmp_path / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(page.PageNotBuilt, match=r"npm failed\.\nthe registry is away"):
        page.build()
    assert (page.STATIC / "index.html").exists()


def test_the_lock_names_no_host() -> None:
    """Each package comes from the registry that a machine is set up for, and has to have the lock's hash."""
    lock = json.loads((page.PAGE / "package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert len(packages) > 10
    for name, package in packages.items():
        assert "resolved" not in package, name
        assert package["integrity"].startswith("sha512-"), name
    assert {"omit-lockfile-registry-resolved=true", "ignore-scripts=true"} <= {
        *(page.PAGE / ".npmrc").read_text().splitlines()
    }
