"""Servers on the list of a real Consul agent: there, found, gone, and unharmed by whatever the agent does (R34)."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
import trio
from certificates import make_certificate
from cluster.consul.scripted import registration
from integration.bare_socket import bare_socket
from integration.polling import until
from integration.server_process import LONG_NOTICE, HastyServer, Json
from services.consul_process import ConsulProcess, consul_running

from whiteboard import timeouts
from whiteboard.cluster.consul import open_consul
from whiteboard.config import ConsulUrl
from whiteboard.errors import StorageUnavailable

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
HASTE = {
    "CONSUL_ANSWER": 0.7,
    "CONSUL_LOOK": 0.3,
    "CONSUL_WAIT": 1.0,
    "CONSUL_PACE": 0.05,
    "CONSUL_RETRY_FIRST": 0.1,
    "CONSUL_RETRY_CAP": 0.4,
    "CONSUL_CHECK": 1.0,  # Consul's own least
    "CONSUL_LEAVE": 5.0,
}
OPERATOR_TOKEN = "f4e2b6de-1111-4f0e-9d9a-5b3f8f1c2a77"
DENY = {"acl": {"enabled": True, "default_policy": "deny", "tokens": {"master": OPERATOR_TOKEN}}}


class ListedServer(HastyServer):
    """A server in memory mode that does not wait long for Consul."""

    def __init__(self, folder: Path, *options: str) -> None:
        super().__init__(folder, "memory", HASTE, *options)

    @property
    def name(self) -> str:
        """What it is called, as it says itself."""
        found: str = self.cluster()["instance"]["name"]
        return found

    def cluster(self) -> Json:
        """Its `/api/cluster`."""
        status, body = self.get("/api/cluster")
        assert status == 200, (status, body)
        return body

    def others(self) -> dict[str, str]:
        """The other servers that it knows, and their health."""
        return {one["name"]: one["health"] for one in self.cluster()["others"]}


Serve = Callable[..., ListedServer]


@pytest.fixture
def consul(tmp_path: Path) -> Iterator[ConsulProcess]:
    """An agent of the test's own."""
    (tmp_path / "consul").mkdir()
    with consul_running(tmp_path / "consul") as running:
        yield running


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start servers at an agent; at the end each must end with 0 on SIGTERM."""
    with ExitStack() as stack:
        count = iter(range(9))

        def start(consul: ConsulProcess, *options: str) -> ListedServer:
            folder = tmp_path / f"server-{next(count)}"
            folder.mkdir()
            return stack.enter_context(ListedServer(folder, "--consul-addr", consul.address, *options))

        yield start


async def has_health(consul: ConsulProcess, name: str, health: str | None) -> bool:
    """Whether Consul says so of a server; None: that it is not on the list."""
    found = await trio.to_thread.run_sync(consul.health)
    return found.get(name) == health


async def has_agent(server: ListedServer, state: str) -> bool:
    """Whether a server says so of its agent."""
    cluster = await trio.to_thread.run_sync(server.cluster)
    return bool(cluster["consul"]["agent"] == state)


async def test_two_servers_find_each_other(consul: ConsulProcess, serve: Serve) -> None:
    """Each is on the list with tags, version and a check that passes, and tells of the other. [CLU-1] [CLU-2]"""
    one = serve(consul, "--instance", "one", "--base-path", "/wb", "--consul-tags", "urlprefix-/wb")
    two = serve(consul, "--instance", "two")
    for name in ("one", "two"):
        await until(partial(has_health, consul, name, "passing"))
    await until(lambda: one.others() == {"two": "passing"})
    await until(lambda: two.others() == {"one": "passing"})
    line = consul.registration("one")
    assert line is not None
    assert (line["Service"], line["Address"], line["Port"]) == ("whiteboard", "127.0.0.1", one.port)
    assert line["Tags"] == ["memory", "urlprefix-/wb"]
    (other,) = two.cluster()["others"]
    own = one.cluster()["instance"]
    assert {**own, "sessions": 0, "boards": 0} == {**other, "sessions": 0, "boards": 0}
    assert other["address"] == f"127.0.0.1:{one.port}"
    assert (other["mode"], other["version"]) == ("memory", line["Meta"]["version"])
    assert two.cluster()["consul"]["registered"]
    assert two.cluster()["consul"]["age"] < 5


async def test_a_server_that_is_killed_fails_its_check(consul: ConsulProcess, serve: Serve) -> None:
    """It is not among those that pass any more, and the others say so; the same name comes back as one line."""
    one, two = serve(consul, "--instance", "one"), serve(consul)
    await until(lambda: two.others() == {"one": "passing"})
    await until(partial(has_health, consul, two.name, "passing"))
    one.kill()
    await until(partial(has_health, consul, "one", "critical"))
    await until(lambda: two.others() == {"one": "critical"})
    passing = consul.ask("GET", "/v1/health/service/whiteboard?passing=1")
    assert [entry["Service"]["ID"] for entry in passing] == [two.name]
    one.start()
    await until(lambda: two.others() == {"one": "passing"})


async def test_a_server_leaves_the_list_before_anybody_is_asked_to_go(
    consul: ConsulProcess, serve: Serve
) -> None:
    """On SIGTERM: off the list, then `/readyz` and the sessions are told, then the port is closed. [CLU-4]"""
    server, other = serve(consul, *LONG_NOTICE), serve(consul)
    await until(partial(has_health, consul, server.name, "passing"))
    name = server.name
    async with bare_socket(server.url, "b") as ada:
        await ada.enter()
        server.process.terminate()
        assert (await ada.hear_kind("drain"))["reconnect"] == [0, 5]
        assert consul.registration(name) is None
        status, body = await server.fetch("/readyz")  # the port is there
        assert (status, body["error"]["reason"]) == (503, "draining")
    assert await trio.to_thread.run_sync(server.wait) == 0
    await until(lambda: other.others() == {})


async def test_a_server_that_fails_leaves_the_list_too(
    consul: ConsulProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However it comes to its end, and even if it is cancelled. [CLU-4]"""
    for patience in (timeouts.CONSUL_LEAVE, timeouts.CLEANUP):
        monkeypatch.setattr(patience, "seconds", 20.0)
    with trio.CancelScope() as scope:
        async with open_consul(ConsulUrl(f"http://{consul.address}"), None, registration()) as member:
            await until(lambda: consul.registration("a:1") is not None)
            await until(lambda: member.view().own.health is not None)
            scope.cancel()
            await trio.sleep_forever()
    assert consul.registration("a:1") is None
    with pytest.RaisesGroup(pytest.RaisesExc(StorageUnavailable)):
        async with open_consul(ConsulUrl(f"http://{consul.address}"), None, registration()):
            await until(lambda: consul.registration("a:1") is not None)
            raise StorageUnavailable("gone")
    assert consul.registration("a:1") is None


async def test_an_agent_that_comes_back_empty_is_told_again(consul: ConsulProcess, serve: Serve) -> None:
    """A server without its agent serves as before, says that it is away and since when it knows nothing. [CLU-3] [CLU-5]"""
    server = serve(consul, "--instance", "one")
    await until(partial(has_health, consul, "one", "passing"))
    before = server.log.count("consul_lost")
    consul.kill()
    await until(partial(has_agent, server, "away"))
    async with bare_socket(server.url, "b") as ada:
        await ada.enter()
        await ada.say({"type": "stroke", "id": "s1", "points": [[0, 0]]})
        assert (await ada.hear_kind("ack"))["seq"] == 1
        assert server.log.count("consul_lost") == before + 1
        await trio.to_thread.run_sync(consul.start)
        await until(partial(has_health, consul, "one", "passing"))
        await until(partial(has_agent, server, "answering"))
        await ada.say({"type": "stroke", "id": "s2", "points": [[0, 0]]})
        assert (await ada.hear_kind("ack"))["seq"] == 2
    assert "consul_regained" in server.log


async def test_an_agent_that_stands_still_holds_up_nothing(consul: ConsulProcess, serve: Serve) -> None:
    """Neither people nor the end: the agent is left alone with a line whose check will fail. [CLU-4] [CLU-5]"""
    server = serve(consul, "--instance", "one")
    await until(partial(has_health, consul, "one", "passing"))
    consul.stall()
    try:
        await until(partial(has_agent, server, "away"))
        assert (await server.fetch("/readyz"))[0] == 200
        assert await trio.to_thread.run_sync(server.stop) == 0
    finally:
        consul.go_on()
    assert "consul_not_left" in server.log
    await until(partial(has_health, consul, "one", "critical"))


async def test_a_server_starts_without_its_agent(consul: ConsulProcess, serve: Serve) -> None:
    """It is on the list as soon as there is somebody to keep it. [CLU-5]"""
    consul.kill()
    server = serve(consul, "--instance", "one")
    await until(partial(has_agent, server, "away"))
    assert server.cluster()["consul"] == {"agent": "away", "registered": False, "age": None}
    await trio.to_thread.run_sync(consul.start)
    await until(partial(has_health, consul, "one", "passing"))


async def test_two_servers_of_one_name_do_not_fight(consul: ConsulProcess, serve: Serve) -> None:
    """The later one has the line, the other says so; when the later one goes, the line is the other's again."""
    one = serve(consul, "--instance", "same")
    await until(partial(has_health, consul, "same", "passing"))
    two = serve(consul, "--instance", "same")
    await until(lambda: "instance_name_taken" in one.log)
    line = consul.registration("same")
    assert line is not None
    assert line["Port"] == two.port
    assert not one.cluster()["consul"]["registered"]
    assert await trio.to_thread.run_sync(two.stop) == 0
    await until(lambda: (consul.registration("same") or {}).get("Port") == one.port)
    assert one.log.count("instance_name_taken") == 1


def make_token(consul: ConsulProcess) -> str:
    """A token with the rules that docs/running.md names, and no more."""
    (rules,) = re.findall(r"the rules `(.+?)` and `(.+?)`", (ROOT / "docs/running.md").read_text())
    consul.ask("PUT", "/v1/acl/policy", {"Name": "servers", "Rules": "\n".join(rules)})
    made = consul.ask("PUT", "/v1/acl/token", {"Policies": [{"Name": "servers"}]})
    return str(made["SecretID"])


async def test_a_token_is_what_consul_asks_for(tmp_path: Path, serve: Serve) -> None:
    """With a wrong one, or none, the server serves and says that it is refused; with the right one it is listed. [CLU-5]"""
    (tmp_path / "consul").mkdir()
    (tmp_path / "consul/acl.json").write_text(json.dumps(DENY))
    (tmp_path / "wrong").write_text(OPERATOR_TOKEN.replace("f", "0"))
    with consul_running(tmp_path / "consul", "-config-file=acl.json", token=OPERATOR_TOKEN) as consul:
        (tmp_path / "right").write_text(make_token(consul) + "\n")
        wrong = serve(consul, "--consul-token-file", str(tmp_path / "wrong"))
        right = serve(consul, "--consul-token-file", str(tmp_path / "right"))
        await until(partial(has_health, consul, right.name, "passing"))
        await until(partial(has_agent, right, "answering"))
        await until(
            lambda: right.cluster()["instance"]["health"] == "passing"
        )  # it asks for that now and then
        await until(partial(has_agent, wrong, "refusing"))
        assert not wrong.cluster()["consul"]["registered"]
        assert (await wrong.fetch("/readyz"))[0] == 200
        assert [right.stop(), wrong.stop()] == [0, 0]
    assert "403" in wrong.log
    assert (tmp_path / "right").read_text().strip() not in right.log


async def test_the_check_gets_through_tls_and_named_hosts(
    consul: ConsulProcess, serve: Serve, tmp_path: Path
) -> None:
    """A certificate for a name, and `hosts` without the address that Consul asks at: the check passes all the same. [CLU-1]"""
    made = make_certificate(tmp_path)
    server = ListedServer(
        tmp_path,
        *("--consul-addr", consul.address, "--instance", "tls", "--hosts", "draw.example"),
        *("--tls-cert", str(made.cert), "--tls-key", str(made.key)),
    )
    command = server.command
    async with trio.open_nursery() as nursery:
        await nursery.start(partial(trio.run_process, command, cwd=tmp_path, capture_stdout=True))
        await until(partial(has_health, consul, "tls", "passing"))
        nursery.cancel_scope.cancel()
    await until(partial(has_health, consul, "tls", None))
