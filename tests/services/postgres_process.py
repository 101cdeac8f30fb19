"""A real PostgreSQL server as a process of its own, on a free port of loopback."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from services.ports import free_port

START_SECONDS = 120.0
STOP_SECONDS = 30.0
POLL_SECONDS = 0.02
USER = "whiteboard"
QUICK = (
    "listen_addresses=127.0.0.1",
    "fsync=off",
    "full_page_writes=off",
    "shared_buffers=16MB",
    "max_connections=40",
    "autovacuum=off",
)
"""No test of ours loses power; a killed server finds all in the system's cache."""


class PostgresProcess:
    """`postgres`, started, stalled, killed and watched. It does not run as root, so it runs as another user."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def dsn(self, database: str = "postgres") -> str:
        """What a client opens."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def create(self) -> None:
        """Make its data directory."""
        if os.geteuid() == 0:
            shutil.chown(self.folder, self._account)
        self.folder.chmod(0o700)
        how = ["--no-sync", "--auth=trust", f"--username={USER}", "--encoding=UTF8", "--locale=C.UTF-8"]
        subprocess.run(
            [*self._as_other(), _program("initdb"), *how, "--pgdata", str(self._data)],
            check=True,
            capture_output=True,
            cwd=self.folder,
        )

    def start(self) -> None:
        """Start it, with the data of the run before; return once it answers."""
        options = [word for option in QUICK for word in ("-c", option)]
        where = ["-D", str(self._data), "-k", str(self.folder), "-p", str(self.port)]
        log_path = self.folder / "postgres.log"
        with log_path.open("ab") as log:
            command = [*self._as_other(), _program("postgres"), *where, *options]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            assert self._process.poll() is None, log_path.read_text()
            assert time.monotonic() < deadline, "postgres did not answer"
            time.sleep(POLL_SECONDS)

    def answers(self) -> bool:
        """Whether it takes connections."""
        try:
            with psycopg.connect(self.dsn(), connect_timeout=2):
                return True
        except psycopg.OperationalError:
            return False

    def new_database(self) -> str:
        """The DSN of a new, empty database."""
        name = f"db{time.monotonic_ns()}"
        self.execute(f"CREATE DATABASE {name}")
        return self.dsn(name)

    def execute(self, statement: str, dsn: str | None = None) -> list[tuple[object, ...]]:
        """What a statement gives; for the database of a DSN."""
        with psycopg.connect(dsn or self.dsn(), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def stall(self) -> None:
        """Let it stand still, all of its processes, as on a network that swallows everything."""
        for pid in self._pids():
            os.kill(pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """End a stall."""
        for pid in reversed(self._pids()):
            os.kill(pid, signal.SIGCONT)

    def stop(self) -> None:
        """Stop it as an operator does who wants it down now; sessions are cut."""
        self._running.send_signal(signal.SIGINT)
        self._running.wait(STOP_SECONDS)

    def kill(self) -> None:
        """`kill -9`, all of its processes, and wait until they are gone."""
        for pid in self._pids():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self._running.wait(STOP_SECONDS)
        (self._data / "postmaster.pid").unlink(missing_ok=True)  # its number may be somebody else's by now

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "start it first"
        return self._process

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _account(self) -> str:
        """Debian's package makes this user."""
        return pwd.getpwnam("postgres").pw_name

    def _as_other(self) -> list[str]:
        if os.geteuid() != 0:
            return []
        setpriv = shutil.which("setpriv")
        assert setpriv, "no setpriv: it is of util-linux"
        return [setpriv, f"--reuid={self._account}", f"--regid={self._account}", "--clear-groups"]

    def _pids(self) -> list[int]:
        """The server and its children."""
        root = self._running.pid
        children = Path(f"/proc/{root}/task/{root}/children").read_text().split()
        return [root, *map(int, children)]


def _program(name: str) -> str:
    """Debian keeps the programs of each version in a folder of their own."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -int(path.parent.name))
    found = shutil.which(name, path=os.pathsep.join([*map(str, folders), os.environ["PATH"]]))
    assert found, f"no {name}: let tools/check install postgresql"
    return found


@contextmanager
def postgres_running() -> Iterator[PostgresProcess]:
    """A PostgreSQL server for the length of the block, in a folder that its user may enter."""
    with tempfile.TemporaryDirectory(prefix="whiteboard-postgres-", ignore_cleanup_errors=True) as folder:
        server = PostgresProcess(Path(folder))
        server.create()
        server.start()
        try:
            yield server
        finally:
            if server.is_running:
                server.kill()
