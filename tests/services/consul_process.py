"""A real Consul agent as a process of its own, on free ports of loopback, with nothing kept on disk."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from services.ports import free_port
from services.stallable import Stallable

START_SECONDS = 120.0
STOP_SECONDS = 60.0
HTTP_SECONDS = 30.0
POLL_SECONDS = 0.02


class ConsulProcess(Stallable):
    """`consul agent -dev`, started, stalled, killed and watched. It forgets everything when it ends."""

    def __init__(self, folder: Path, *options: str, token: str = "") -> None:
        self.folder = folder
        self.token = token
        self.port = free_port()
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """`HOST:PORT`, as `--consul-addr` takes it."""
        return f"127.0.0.1:{self.port}"

    @property
    def command(self) -> list[str]:
        """What is run: one node that is a cluster by itself, without DNS and other data centers."""
        ports = {"http": self.port, "server": free_port(), "serf-lan": free_port()}
        off = ("dns", "grpc", "serf-wan")
        return [
            consul_program(),
            "agent",
            "-dev",
            *("-bind=127.0.0.1", "-client=127.0.0.1", "-node=test", "-log-level=warn"),
            *(f"-{name}-port={port}" for name, port in ports.items()),
            *(f"-{name}-port=-1" for name in off),
            *self._options,
        ]

    def start(self) -> None:
        """Start it, empty; return once it has made itself the leader. A second start takes the same port again."""
        with (self.folder / "consul.log").open("ab") as log:
            # without a colour of its own and without an upgrade check, whatever the developer has set
            kept = {key: value for key, value in os.environ.items() if not key.startswith("CONSUL_")}
            self._process = subprocess.Popen(self.command, stdout=log, stderr=log, cwd=self.folder, env=kept)
        deadline = time.monotonic() + START_SECONDS
        while not self._has_leader():
            assert self._process.poll() is None, (self.folder / "consul.log").read_text()
            assert time.monotonic() < deadline, "consul did not become its own leader"
            time.sleep(POLL_SECONDS)

    def _has_leader(self) -> bool:
        try:
            # the node itself is in the catalog only when the leader has done its first round
            return self.ask("GET", "/v1/catalog/nodes") not in (None, [])
        except OSError:
            return False

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """What its HTTP API answers, None when it is no success. Raises OSError."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=HTTP_SECONDS)
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, path, text, {"X-Consul-Token": self.token} if self.token else {})
            answer = connection.getresponse()
            said = answer.read()
            return (json.loads(said) if said else {}) if answer.status == 200 else None
        finally:
            connection.close()

    def health(self, service: str = "whiteboard") -> dict[str, str]:
        """The instances of a service by their ids, each with the status of its own check."""
        entries = self.ask("GET", f"/v1/health/service/{service}") or []
        return {
            entry["Service"]["ID"]: next(one["Status"] for one in entry["Checks"] if one["ServiceID"])
            for entry in entries
        }

    def registration(self, name: str) -> dict[str, Any] | None:
        """What the agent has of an instance, None when it has it not."""
        found: dict[str, Any] = self.ask("GET", "/v1/agent/services") or {}
        return found.get(name)


def consul_program() -> str:
    """Where the agent is: on PATH, or beside this Python, where tools/check puts it."""
    beside = Path(sys.executable).parent
    program = shutil.which("consul") or shutil.which("consul", path=str(beside))
    assert program, "no consul: let tools/check get it"
    return program


@contextmanager
def consul_running(folder: Path, *options: str, token: str = "") -> Iterator[ConsulProcess]:
    """A Consul agent for the length of the block; `token` is what the test asks it with."""
    agent = ConsulProcess(folder, *options, token=token)
    agent.start()
    try:
        yield agent
    finally:
        agent.kill()
