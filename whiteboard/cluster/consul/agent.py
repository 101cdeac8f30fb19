"""One Consul agent over HTTP: what is asked of it, within bounds, and what going wrong means to us."""

import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus
from typing import Any

import attrs
import httpx2
import msgspec
import trio

from whiteboard import __version__, limits, timeouts
from whiteboard.cluster.consul.words import reason_of
from whiteboard.config import ConsulUrl, Secret
from whiteboard.deadlines import deadline
from whiteboard.errors import AgentFault

_UNIX = "unix://"


@attrs.frozen
class Answer:
    """What the agent said."""

    body: bytes
    """At most MAX_CONSUL_ANSWER_BYTES."""
    index: str
    """As `words.next_index` reads it; empty where there is none."""


class Agent:
    """A client of the agent. Made by `open_agent`."""

    def __init__(self, url: str, client: httpx2.AsyncClient) -> None:
        self.url = url
        self._client = client

    async def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        given: timeouts.Timeout = timeouts.CONSUL_ANSWER,
        plus: float = 0.0,
    ) -> Answer | None:
        """The answer; None when there is no such thing (404). Cancelled or late, it may have been done.

        Args:
            body: sent as JSON, if there is one.
            given: the time for all of it, and `plus` seconds more.

        Raises AgentFault.
        """
        content = None if body is None else msgspec.json.encode(body)
        with _translated(given.seconds + plus):
            with deadline(given, plus=plus):
                request = self._client.stream(method, path, params=query, content=content)
                async with request as response:
                    return _judged(response, await _read(response))

    # --- what is asked ------------------------------------------------------------------------

    async def register(self, line: Mapping[str, Any]) -> None:
        """Have a line on the list; one of the same id is replaced. Raises AgentFault."""
        if await self.ask("PUT", "/v1/agent/service/register", body=line) is None:
            raise AgentFault("does not know how to register a service", answered=True)

    async def deregister(self, name: str) -> None:
        """Have no such line on the list any more. Raises AgentFault."""
        await self.ask("PUT", f"/v1/agent/service/deregister/{name}")

    async def line(self, name: str) -> bytes | None:
        """What this agent has on its own list under an id, None when nothing. Raises AgentFault."""
        answer = await self.ask("GET", f"/v1/agent/service/{name}")
        return None if answer is None else answer.body

    async def lines(self, service: str, beyond: int) -> Answer:
        """All lines of a service, whichever agent has them, once its index is `beyond`; at once for 0.

        Waits CONSUL_WAIT for that, then answers as well. Raises AgentFault.
        """
        wait = timeouts.CONSUL_WAIT.seconds
        answer = await self.ask(
            "GET",
            f"/v1/health/service/{service}",
            query={"index": str(beyond), "wait": f"{wait:g}s"},
            given=timeouts.CONSUL_WAIT,
            plus=wait / _SPREAD + timeouts.CONSUL_ANSWER.seconds,
        )
        if answer is None:
            raise AgentFault("does not know how to list a service", answered=True)
        return answer


_SPREAD = 16
"""Consul waits up to a sixteenth longer, by chance, so that not all queries come back at once."""


async def _read(response: httpx2.Response) -> bytes:
    found, most = bytearray(), limits.MAX_CONSUL_ANSWER_BYTES
    try:
        async for piece in response.aiter_raw():  # as it came: nothing is unpacked beyond the bound
            found += piece
            if len(found) > most:
                await (
                    response.aclose()
                )  # the next piece is an error: leaving would leave the library's generators
    except httpx2.HTTPError:
        if len(found) <= most:
            raise
    if len(found) > most:
        raise AgentFault(f"answers with more than {most} bytes", answered=True)
    return bytes(found)


def _judged(response: httpx2.Response, body: bytes) -> Answer | None:
    if response.status_code == HTTPStatus.NOT_FOUND:
        return None
    if response.status_code != HTTPStatus.OK:
        raise AgentFault(reason_of(response.status_code, body), answered=True)
    return Answer(body, response.headers.get("x-consul-index", ""))


@contextmanager
def _translated(patience: float) -> Iterator[None]:
    """What the network, the HTTP client and a name that nobody knows raise becomes AgentFault."""
    try:
        yield
    except trio.TooSlowError as error:
        raise AgentFault(f"did not answer for {patience:g} s", answered=False) from error
    except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError, ValueError) as error:
        raise AgentFault(f"cannot be asked: {str(error) or type(error).__name__}", answered=False) from error


@asynccontextmanager
async def open_agent(url: ConsulUrl, token: Secret | None) -> AsyncIterator[Agent]:
    """An agent by its URL. Connects when it is first asked something.

    To nobody else: proxies that the environment names are not for it, and no redirect is followed, so
    that the token stays here.
    """
    headers = {"accept-encoding": "identity", "user-agent": f"whiteboard/{__version__}"}
    if token is not None:
        headers["x-consul-token"] = token.reveal()
    path = url.removeprefix(_UNIX) if url.startswith(_UNIX) else None
    transport = httpx2.AsyncHTTPTransport(
        verify=_tls(url),
        trust_env=False,
        uds=path,
        limits=httpx2.Limits(max_connections=limits.CONSUL_CONNECTIONS),
    )
    client = httpx2.AsyncClient(
        base_url="http://localhost" if path else url,
        transport=transport,
        headers=headers,
        timeout=None,  # each question has a deadline as a whole
        trust_env=False,
    )
    async with client:
        yield Agent(url, client)


def _tls(url: ConsulUrl) -> ssl.SSLContext:
    """The machine's certificate authorities, or those of SSL_CERT_FILE; none where there is no TLS."""
    return (
        ssl.create_default_context() if url.startswith("https:") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    )
