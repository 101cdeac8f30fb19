"""The image of the Containerfile: alone, as a service of a real systemd, and as the compose file puts it together (R35).

One module, because building the image takes longer than all the rest. Of the compose file this runs nginx, Redis, the page
and both servers, with their own networks, volumes and secrets; nginx and Redis are this machine's, in an image of the same
name. Health checks are asked by hand, since Podman's clock for them is the machine's systemd.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import yaml
from browser.conftest import Browse, expect_same, stored
from browser.person import meet, zigzag
from integration.server_process import ServerProcess, environment
from services.compose_file import COMPOSE, SECRETS, reduced
from services.containers import ROOT, Podman, podman_ready
from services.ports import free_port
from services.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.alone]

HARDENED = ("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
UNITS = ROOT / "examples/systemd"


class Elsewhere(ServerProcess):
    """A server that somebody else started."""

    def __init__(self, folder: Path, port: int, base_path: str = "") -> None:
        super().__init__(folder, "sqlite", port=port)
        self._base_path = base_path

    def request(self, method: str, path: str) -> tuple[int, dict[str, Any]]:
        return super().request(method, f"{self._base_path}{path}")

    def is_ready(self) -> bool:
        """Whether `/readyz` says yes."""
        try:
            return self.get("/readyz")[0] == 200
        except (OSError, HTTPException, ValueError):
            return False


@pytest.fixture(scope="module")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Podman]:
    """Podman with the image."""
    with podman_ready(tmp_path_factory.mktemp("podman")) as ready:
        yield ready


# --- the image alone --------------------------------------------------------------------------
def test_boards_outlive_a_container(podman: Podman, browse: Browse, tmp_path: Path) -> None:
    """Without root, capabilities and a writable system: people draw, SIGTERM drains, the next container has the board."""
    server = Elsewhere(tmp_path, free_port())
    options: tuple[str, ...] = (*HARDENED, "--network", "host", "--volume", "boards:/data")
    options += ("--env", f"WHITEBOARD_ADDR=127.0.0.1:{server.port}", "whiteboard")
    ada = meet(browse())
    ada.expects_network_trouble = True
    with podman.running("first", *options) as first:
        until(server.is_ready, "the server")
        podman("healthcheck", "run", first)
        assert podman("exec", first, "id", "-u") == "10001"
        ada.open(f"{server.url}/b/kept")
        element = ada.draw(*zigzag(200, 200))
        ada.settles()
        podman("stop", "--time", "30", first)
        assert podman("inspect", "--format", "{{.State.ExitCode}}", first) == "0"
        assert "server_stopped" in podman.logs(first)
    with podman.running("second", *options):
        until(server.is_ready, "the server")
        assert [kept["id"] for kept in stored(server, "kept")] == [element]
        ada.draw(*zigzag(200, 300))
        assert len(expect_same(server, "kept", ada)) == 2
    assert ada.troubles == []


def test_an_unready_server_is_unhealthy(podman: Podman, tmp_path: Path) -> None:
    """The health check asks at the port of the setting, and fails where nobody answers."""
    with podman.running("idle", "--network", "none", "--entrypoint", "sleep", "whiteboard", "60") as idle:
        ended = subprocess.run(
            [str(podman.program), "healthcheck", "run", idle], check=False, capture_output=True
        )
        assert ended.returncode != 0


# --- in a real systemd ------------------------------------------------------------------------
class Systemd:
    """A container whose first process is systemd, with the units of the examples."""

    def __init__(self, podman: Podman, name: str) -> None:
        self._podman = podman
        self._name = name

    def ctl(self, *words: str) -> str:
        """What `systemctl` says."""
        return self._podman("exec", self._name, "systemctl", *words)

    def shows(self, what: str) -> str:
        """A property of the service."""
        return self.ctl("show", "--value", "--property", what, "whiteboard.service")

    def run(self, *words: str) -> str:
        """Another program in the container."""
        return self._podman("exec", self._name, *words)


@pytest.fixture
def server(tmp_path: Path) -> ServerProcess:
    """The server at the address of the socket unit."""
    return Elsewhere(tmp_path, free_port())


@pytest.fixture
def systemd(podman: Podman, server: ServerProcess, tmp_path: Path) -> Iterator[Systemd]:
    """Systemd with the units as they are, but for the port and how long a watched loop may stand still."""
    changes = {
        "whiteboard.socket.d/port.conf": f"[Socket]\nListenStream=\nListenStream=127.0.0.1:{server.port}\n",
        "whiteboard.service.d/watchdog.conf": "[Service]\nWatchdogSec=15\n",
    }
    for name, text in changes.items():
        path = tmp_path / "units" / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
    for unit in UNITS.iterdir():
        shutil.copy(unit, tmp_path / "units" / unit.name)
    options: tuple[str, ...] = (
        "--systemd=always",
        "--network",
        "host",
        "--user",
        "0",
        "--security-opt",
        "seccomp=unconfined",
    )
    options += ("--security-opt", "unmask=all", "--cap-add", "SYS_ADMIN,SYS_PTRACE,AUDIT_WRITE,SETPCAP,MKNOD")
    options += ("--volume", f"{tmp_path / 'units'}:/etc/systemd/system:ro", "--no-healthcheck")
    with podman.running(
        "systemd", *options, "--entrypoint", "/usr/lib/systemd/systemd", "whiteboard"
    ) as name:
        machine = Systemd(podman, name)
        until(lambda: _is_up(podman, name), "systemd")
        yield machine


def _is_up(podman: Podman, name: str) -> bool:
    asked = [str(podman.program), "exec", name, "systemctl", "is-system-running"]
    said = subprocess.run(asked, check=False, capture_output=True, text=True).stdout.strip()
    return said in {"running", "degraded"}  # degraded: what a container lets no system do, such as mounts


def test_systemd_keeps_the_address_and_watches_the_loop(
    systemd: Systemd, server: Elsewhere, browse: Browse
) -> None:
    """Started by the first visitor, restarted under them without a refused one, and by the watchdog when it hangs."""
    systemd.ctl("start", "whiteboard.socket")
    assert systemd.shows("ActiveState") == "inactive"
    assert server.is_ready(), "the first visitor waits for the start"
    until(lambda: systemd.shows("ActiveState") == "active", "READY=1")
    assert systemd.shows("StatusText") == f"serving {server.url}/"
    first = systemd.shows("MainPID")
    assert "PPid" in systemd.run("cat", f"/proc/{first}/status")
    assert systemd.run("stat", "--format", "%u", f"/proc/{first}") != "0"

    ada = meet(browse())
    ada.expects_network_trouble = True
    ada.open(f"{server.url}/b/watched")
    ada.draw(*zigzag(200, 200))
    ada.settles()
    with visitors(server) as answers:
        systemd.ctl("restart", "whiteboard.service")
        second = systemd.shows("MainPID")
        ada.draw(*zigzag(200, 300))
        ada.settles()
    assert second != first
    assert len(answers) > 5
    assert set(answers) == {200}

    systemd.ctl("kill", "--signal=STOP", "whiteboard.service")  # as a loop that hangs
    until(lambda: systemd.shows("MainPID") not in {second, "0"}, "the watchdog")
    until(server.is_ready, "the server after the watchdog")
    assert systemd.shows("NRestarts") == "1"
    ada.draw(*zigzag(200, 400))
    assert len(expect_same(server, "watched", ada)) == 3
    assert ada.troubles == []
    systemd.ctl("stop", "whiteboard.socket", "whiteboard.service")
    assert systemd.shows("Result") == "success"


@contextmanager
def visitors(server: ServerProcess) -> Iterator[list[int]]:
    """Somebody new every few milliseconds, as long as the block runs: the status that each got, 0 for none."""
    answers: list[int] = []
    is_over = threading.Event()

    def come() -> None:
        while not is_over.is_set():
            connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
            try:
                connection.request("GET", "/")
                answers.append(connection.getresponse().status)
            except (OSError, HTTPException):
                answers.append(0)
            finally:
                connection.close()
            is_over.wait(0.02)

    crowd = [threading.Thread(target=come) for _ in range(3)]
    for one in crowd:
        one.start()
    try:
        yield answers
    finally:
        is_over.set()
        for one in crowd:
            one.join()


# --- the compose file -------------------------------------------------------------------------
class Composed:
    """The compose file's services, started."""

    def __init__(self, podman: Podman, folder: Path, project: str) -> None:
        self._podman = podman
        self._folder = folder
        self._project = project

    def compose(self, *words: str) -> None:
        """Let podman-compose do something."""
        command = [
            str(Path(sys.executable).parent / "podman-compose"),
            "--podman-path",
            str(self._podman.program),
        ]
        command += ["--file", str(self._folder / COMPOSE.name), "--project-name", self._project, *words]
        ended = subprocess.run(command, check=False, capture_output=True, text=True, env=environment())
        assert ended.returncode == 0, ended.stdout + ended.stderr

    def container(self, service: str) -> str:
        """The name of a service's container."""
        return f"{self._project}_{service}_1"

    def kill(self, service: str) -> None:
        """`kill -9` to its first process, which is nothing that an operator asked Podman for."""
        os.kill(
            int(self._podman("inspect", "--format", "{{.State.Pid}}", self.container(service))),
            signal.SIGKILL,
        )

    def is_healthy(self, service: str) -> bool:
        """What its health check says now."""
        asked = [str(self._podman.program), "healthcheck", "run", self.container(service)]
        return subprocess.run(asked, check=False, capture_output=True).returncode == 0


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Elsewhere:
    """What nginx shows, at its published port."""
    return Elsewhere(tmp_path_factory.mktemp("front"), free_port(), "/wb")


@pytest.fixture(scope="module")
def composed(podman: Podman, front: Elsewhere) -> Iterator[Composed]:
    """All services whose settings there are, in a free network."""
    folder = front.folder
    (folder / COMPOSE.name).write_text(reduced(port=front.port, network=_free_network(podman)))
    shutil.copy(COMPOSE.with_name("nginx.conf"), folder)
    (folder / "secrets").mkdir(mode=0o700)
    for name in SECRETS:
        (folder / "secrets" / name).write_text(f"{name}-of-a-test-0123456789\n")
    running = Composed(podman, folder, f"whiteboard{front.port}")
    with ExitStack() as stack:
        stack.callback(running.compose, "down", "--volumes", "--timeout", "10")
        running.compose("up", "--detach", "--no-build")
        yield running


def _free_network(podman: Podman) -> str:
    """The first three numbers of a network that nobody has."""
    names = podman("network", "ls", "--format", "{{.Name}}").split()
    taken = podman("network", "inspect", *names)
    return next(found for n in range(80, 250) if f'"{(found := f"10.89.{n}")}.' not in taken)


def test_people_draw_on_the_composed_servers(composed: Composed, front: Elsewhere, browse: Browse) -> None:
    """Through nginx and on Redis with its password; a killed server comes back by itself, and nobody loses anything."""
    until(front.is_ready, "the front")
    for service in ("redis", "one", "two"):
        until(partial(composed.is_healthy, service), service)
    people = [meet(browse()) for _ in range(2)]
    for person in people:
        person.expects_network_trouble = True
        person.open(f"{front.url}/wb/b/composed")
    ada, lin = people
    lin.sees(id=ada.draw(*zigzag(200, 200)))
    for number, service in enumerate(("one", "two")):
        composed.kill(service)
        lin.sees(id=ada.draw(*zigzag(200, 300 + 60 * number)))
        until(partial(composed.is_healthy, service), f"{service}, restarted")
    until(front.is_ready, "the front")  # for a while nginx asks neither, as both have failed it
    assert len(expect_same(front, "composed", *people)) == 3
    assert [person.troubles for person in people] == [[], []]
    assert not _etag_of_a_file(front).startswith("W/"), "the servers' own are weak"


def _etag_of_a_file(front: ServerProcess) -> str:
    """Of one that the index names."""
    with urlopen(f"{front.url}/wb/", timeout=10) as index:
        named = re.search(r'src="(/wb/static/[^"]+)"', index.read().decode())
    assert named is not None
    with urlopen(f"{front.url}{named[1]}", timeout=10) as file:
        return str(file.headers["ETag"])


def test_secrets_are_needed_and_stay_inside(composed: Composed, podman: Podman, front: Elsewhere) -> None:
    """Redis answers nobody without its password, and no other service than nginx has a port outside."""
    until(front.is_ready, "the front")
    said = podman("exec", composed.container("redis"), "redis-cli", "ping")
    assert "NOAUTH" in said
    published = {name: podman("port", composed.container(name)) for name in ("one", "two", "redis", "nginx")}
    assert [name for name, ports in published.items() if ports] == ["nginx"]
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", front.port)) == 0
    described = yaml.safe_load(podman("inspect", composed.container("one")))[0]
    assert "redis_password-of" not in str(described["Config"])
