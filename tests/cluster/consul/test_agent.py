"""One agent over HTTP, played by a socket that says what a test wants."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import trio
from certificates import make_certificate
from services.ports import free_port

from whiteboard import limits, timeouts
from whiteboard.cluster.consul.agent import Agent, open_agent
from whiteboard.config import ConsulUrl, Secret
from whiteboard.errors import AgentFault
from whiteboard.transport.tls import load_tls

TOKEN = Secret("0123456789abcdef")
EMPTY = b"HTTP/1.1 200 OK\r\nX-Consul-Index: 7\r\nContent-Length: 2\r\n\r\n[]"


class Peer:
    """Answers every connection with the same bytes, and keeps what it was asked."""

    def __init__(self, said: bytes | Callable[[], bytes], *, hangs: bool) -> None:
        self.heads: list[str] = []
        self._said = said
        self._hangs = hangs

    async def serve(self, stream: trio.abc.Stream) -> None:
        """One connection."""
        async with stream:
            self.heads.append((await stream.receive_some(10_000)).decode().lower())
            try:
                await stream.send_all(self._said() if callable(self._said) else self._said)
                if self._hangs:
                    await trio.sleep_forever()
            except trio.BrokenResourceError:
                pass


@asynccontextmanager
async def asked(
    said: bytes | Callable[[], bytes] = EMPTY, token: Secret | None = TOKEN, *, hangs: bool = False
) -> AsyncIterator[tuple[Agent, Peer]]:
    """A client and who it talks to."""
    peer = Peer(said, hangs=hangs)
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, peer.serve, 0, host="127.0.0.1"))
        port = listeners[0].socket.getsockname()[1]
        async with open_agent(ConsulUrl(f"http://127.0.0.1:{port}"), token) as agent:
            yield agent, peer
        nursery.cancel_scope.cancel()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that is a moment late is too late."""
    monkeypatch.setattr(timeouts, "CONSUL_ANSWER", timeouts.Timeout("test", 0.1, "short"))
    monkeypatch.setattr(timeouts, "CONSUL_WAIT", timeouts.Timeout("test", 0.1, "short"))


async def fault_of(agent: Agent) -> AgentFault:
    """What goes wrong when it is asked for the list."""
    with pytest.raises(AgentFault) as caught:
        await agent.lines("whiteboard", 1)
    return caught.value


async def test_a_question_is_a_request_with_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """To the agent alone, whatever proxies the environment names; a change is waited for. [CLU-1]"""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    async with asked() as (agent, peer):
        answer = await agent.lines("whiteboard", 5)
    assert (answer.body, answer.index) == (b"[]", "7")
    (head,) = peer.heads
    assert head.startswith("get /v1/health/service/whiteboard?index=5&wait=10s http/1.1\r\n")
    assert "x-consul-token: 0123456789abcdef\r\n" in head
    assert "accept-encoding: identity\r\n" in head


async def test_without_a_token_none_is_sent() -> None:
    """An agent without access rules wants none."""
    async with asked(token=None) as (agent, peer):
        await agent.register({"ID": "a"})
    assert "x-consul-token" not in peer.heads[0]
    assert peer.heads[0].startswith("put /v1/agent/service/register http/1.1\r\n")


async def test_an_answer_that_is_too_long_is_cut_off() -> None:
    """Whatever it says of its length, and packed or not."""
    endless = b"x" * (limits.MAX_CONSUL_ANSWER_BYTES + 1)
    async with asked(b"HTTP/1.1 200 OK\r\n\r\n" + endless) as (agent, _):
        fault = await fault_of(agent)
    assert fault.answered
    assert f"more than {limits.MAX_CONSUL_ANSWER_BYTES} bytes" in str(fault)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", "answers 403: no"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", "answers 302"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "does not know how to list"),
    ],
)
async def test_a_refusal_is_told_with_its_reason(said: bytes, reason: str) -> None:
    """A token that is wrong, a redirect, which is not followed, something that is no agent."""
    async with asked(said) as (agent, peer):
        fault = await fault_of(agent)
        assert str(fault).startswith(reason)
        assert fault.answered
        assert len(peer.heads) == 1


@pytest.mark.parametrize(
    "said", [b"", b"\x00\xff nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"]
)
async def test_what_is_no_http_is_an_agent_that_is_away(said: bytes) -> None:
    """Nothing, something else, or an answer that breaks off."""
    async with asked(said) as (agent, _):
        fault = await fault_of(agent)
    assert not fault.answered
    assert str(fault).startswith("cannot be asked: ")


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"])
async def test_an_agent_that_falls_silent_is_given_up(said: bytes) -> None:
    """Before its answer or within it: the deadline is for all of it."""
    async with asked(said, hangs=True) as (agent, _):
        fault = await fault_of(agent)
    assert not fault.answered
    assert "did not answer for 0.2" in str(fault)


async def test_nobody_at_the_address_is_a_fault() -> None:
    """A port that nobody listens at, and a name that nobody has."""
    for url in (f"http://127.0.0.1:{free_port()}", "http://no-such-host.invalid:8500"):
        async with open_agent(ConsulUrl(url), None) as agent:
            fault = await fault_of(agent)
            assert not fault.answered
            assert str(fault).startswith("cannot be asked: ")


async def test_an_agent_behind_a_unix_socket(tmp_path: Path) -> None:
    """It is asked as any other."""
    path = tmp_path / "consul.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(path))
        listening.listen()
        listening.setblocking(False)
        peer = Peer(EMPTY, hangs=False)
        listener = trio.SocketListener(trio.socket.from_stdlib_socket(listening))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.serve_listeners, peer.serve, [listener])
            async with open_agent(ConsulUrl(f"unix://{path}"), None) as agent:
                assert (await agent.lines("whiteboard", 0)).index == "7"
            nursery.cancel_scope.cancel()
    assert "host: localhost\r\n" in peer.heads[0]


async def test_an_agent_behind_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its certificate has to be one that the machine trusts; no token goes to another."""
    made = make_certificate(tmp_path)
    peer = Peer(EMPTY, hangs=False)
    context = load_tls(made.cert, made.key)
    async with trio.open_nursery() as nursery:
        serve = partial(trio.serve_ssl_over_tcp, _forgiving(peer), 0, context, host="127.0.0.1")
        listeners = await nursery.start(serve)
        port = listeners[0].transport_listener.socket.getsockname()[1]
        url = ConsulUrl(f"https://localhost:{port}")
        async with open_agent(url, TOKEN) as agent:
            assert not (await fault_of(agent)).answered
        assert peer.heads == []
        monkeypatch.setenv("SSL_CERT_FILE", str(made.cert))
        async with open_agent(url, TOKEN) as agent:
            assert (await agent.lines("whiteboard", 0)).body == b"[]"
        nursery.cancel_scope.cancel()


def _forgiving(peer: Peer) -> Callable[[trio.abc.Stream], Awaitable[None]]:
    """The peer, who bears that a client does not trust it."""

    async def serve(stream: trio.abc.Stream) -> None:
        try:
            await peer.serve(stream)
        except trio.BrokenResourceError:
            pass

    return serve
