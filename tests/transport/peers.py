"""The other end of our sockets: hand-made frames, raw clients, and servers to connect to."""

import base64
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any

import trio

from whiteboard.config import Address, TcpAddress, UnixAddress
from whiteboard.errors import ConnectionLost
from whiteboard.transport.addresses import open_listening
from whiteboard.transport.connection import WebSocketConnection
from whiteboard.transport.demux import Demux, OnWebSocket
from whiteboard.transport.doorstep import Doorstep
from whiteboard.transport.frames import unmask
from whiteboard.transport.handshake import open_websocket_connection
from whiteboard.transport.http_front import Receive, Scope, Send
from whiteboard.transport.http_head import head_end
from whiteboard.transport.hypercorn_bridge import HttpBridge
from whiteboard.transport.listener import accept_connections, serve_connections
from whiteboard.transport.pump import Pump, open_pump
from whiteboard.transport.request import WebSocketRequest
from whiteboard.transport.upgrade import Upgrade
from whiteboard.transport.wire import Wire

KEY = base64.b64encode(bytes(16)).decode()
MASK = b"\x11\x22\x33\x44"
ANY_PORT = TcpAddress("127.0.0.1", 0)
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def client_frame(opcode: int, payload: bytes = b"", *, fin: bool = True, mask: bytes | None = MASK) -> bytes:
    """One frame as a client sends it."""
    size, masked = len(payload), 0x80 if mask else 0
    if size < 126:
        length = bytes((masked | size,))
    elif size < 0x10000:
        length = bytes((masked | 126,)) + size.to_bytes(2, "big")
    else:
        length = bytes((masked | 127,)) + size.to_bytes(8, "big")
    first = bytes(((0x80 if fin else 0) | opcode,))
    return first + length + (mask + unmask(mask, payload) if mask else payload)


def upgrade_head(path: str = "/ws/b", **headers: str) -> bytes:
    """A browser's request for a WebSocket; underscores in names become dashes, None leaves one out."""
    fields: dict[str, str] = {
        "Host": "localhost",
        "Upgrade": "websocket",
        "Connection": "keep-alive, Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": KEY,
    }
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items() if value)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


class RawClient:
    """A stream with a buffer, read head by head and frame by frame."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.stream = stream
        self.buffer = b""

    async def send(self, data: bytes) -> None:
        await self.stream.send_all(data)

    async def _more(self) -> None:
        data = await self.stream.receive_some()
        if not data:
            raise EOFError(self.buffer)
        self.buffer += data

    async def exactly(self, size: int) -> bytes:
        while len(self.buffer) < size:
            await self._more()
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    async def head(self) -> str:
        """An answer's status line and headers."""
        while (end := head_end(self.buffer)) is None:
            await self._more()
        return (await self.exactly(end)).decode()

    async def answer(self) -> tuple[int, str, bytes]:
        """An answer's status, head and body, which has a Content-Length."""
        head = await self.head()
        lengths = [line for line in head.lower().splitlines() if line.startswith("content-length:")]
        body = await self.exactly(int(lengths[0].split(":")[1]) if lengths else 0)
        return int(head.split()[1]), head, body

    async def frame(self) -> tuple[int, bytes]:
        """The next frame: opcode and payload."""
        first, size = await self.exactly(2)
        assert first & 0x80, "the server never fragments"
        if size >= 126:
            size = int.from_bytes(await self.exactly(2 if size == 126 else 8), "big")
        return first & 0x0F, await self.exactly(size)

    async def rest(self) -> bytes:
        """Everything until the end of the stream."""
        while True:
            try:
                await self._more()
            except (EOFError, trio.BrokenResourceError):
                return self.buffer


async def say_goodbye(client: RawClient, code: int = 1000) -> int:
    """Answer a close frame, and return the code that it carried."""
    while True:
        opcode, payload = await client.frame()
        if opcode == CLOSE:
            await client.send(client_frame(CLOSE, code.to_bytes(2, "big")))
            return int.from_bytes(payload[:2], "big")


def wire_pair(send_buffer: int | None = None) -> tuple[Wire, RawClient]:
    """Two ends of one local stream: ours, and a client's."""
    ours, theirs = socket.socketpair()
    if send_buffer is not None:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, send_buffer)
    ours.setblocking(False)
    return Wire(ours), RawClient(trio.SocketStream(trio.socket.from_stdlib_socket(theirs)))


def fill(wire: Wire) -> None:
    """Have the kernel take no more of what we say."""
    while wire.send_nowait(bytes(4096)):
        pass


async def tcp_pair() -> tuple[Wire, RawClient]:
    """The same over TCP."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = await trio.open_tcp_stream(*listener.getsockname())
        ours, _ = listener.accept()
    ours.setblocking(False)
    return Wire(ours), RawClient(client)


@asynccontextmanager
async def open_pair(
    rest: bytes = b"", send_buffer: int | None = None, *, deflate: str | None = None, pump: Pump | None = None
) -> AsyncIterator[tuple[WebSocketConnection, RawClient]]:
    """An open connection and the client at its other end, which has read the handshake."""
    wire, client = wire_pair(send_buffer)
    async with client.stream:
        opened = open_websocket_connection(wire, Upgrade(KEY, (), deflate), rest=rest, peer="test", pump=pump)
        async with opened as connection:
            assert " 101 " in await client.head()
            yield connection, client


@asynccontextmanager
async def open_pumped_pair(
    rest: bytes = b"", send_buffer: int | None = None, *, deflate: str | None = None
) -> AsyncIterator[tuple[WebSocketConnection, RawClient]]:
    """The same, read by a pump of its own, which watches nothing when all is over."""
    async with open_pump() as pump:
        assert pump is not None
        async with open_pair(rest, send_buffer, deflate=deflate, pump=pump) as pair:
            yield pair
        assert pump.watched == 0


OpenPair = Callable[..., AbstractAsyncContextManager[tuple[WebSocketConnection, RawClient]]]
PAIRS: tuple[OpenPair, ...] = (open_pair, open_pumped_pair)
"""Whoever reads: nothing else may differ."""


RECEIVES_AT_DOORSTEP = False
"""Whether `serving` lets a pump read first heads, rather than a task for each."""


class Served:
    """A running server."""

    def __init__(self, address: Address, bridge: HttpBridge, accepting: trio.Nursery) -> None:
        self.address = address
        self.bridge = bridge
        self.accepting = accepting
        self.clients: list[RawClient] = []

    async def connect(self) -> RawClient:
        """A new client; closed with the server, unless taken out of `clients`."""
        if isinstance(self.address, UnixAddress):
            client = RawClient(await trio.open_unix_socket(str(self.address.path)))
        else:
            assert isinstance(self.address, TcpAddress)
            client = RawClient(await trio.open_tcp_stream("127.0.0.1", self.address.port))
        self.clients.append(client)
        return client

    @property
    def port(self) -> int:
        assert isinstance(self.address, TcpAddress)
        return self.address.port


async def echo(request: WebSocketRequest) -> None:
    """Serve a WebSocket: send every text back."""
    try:
        async with request.accept() as connection:
            try:
                while True:
                    for message in await connection.receive():
                        connection.push(message if isinstance(message, bytes) else repr(message).encode())
                    await connection.drain()
            except ConnectionLost:
                pass
    except ConnectionLost:
        pass


async def hello_app(scope: Scope, receive: Receive, send: Send) -> None:
    """An ASGI app that says what it was asked, with the size of the body."""
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return
        size += len(message["body"])
        if not message["more_body"]:
            break
    host = dict(scope["headers"])[b"host"].decode()
    said = f"{scope['method']} {scope['path']} {size} {scope['scheme']} {scope['client']} {host}".encode()
    headers = [(b"content-length", str(len(said)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": said})


@asynccontextmanager
async def serving(
    on_websocket: OnWebSocket = echo,
    app: Callable[[Scope, Receive, Send], Awaitable[None]] = hello_app,
    *,
    address: Address = ANY_PORT,
    tls: ssl.SSLContext | None = None,
    **settings: Any,
) -> AsyncIterator[Served]:
    """A server on a free port of this machine until the block ends. Settings: `base_path`, `trust`."""
    bridge = HttpBridge(app, **settings)
    async with open_pump() as pump:
        demux = Demux(bridge, on_websocket, tls=tls, **settings)
        with open_listening(address) as listening:
            accept = partial(serve_connections, listening.sockets, demux.serve)
            if RECEIVES_AT_DOORSTEP:
                accept = partial(Doorstep(demux, pump).serve, partial(accept_connections, listening.sockets))
            async with trio.open_nursery() as connections:
                async with trio.open_nursery() as accepting:
                    await accepting.start(accept, connections)
                    server = Served(listening.address, bridge, accepting)
                    try:
                        yield server
                    finally:
                        for client in server.clients:
                            await trio.aclose_forcefully(client.stream)
                    accepting.cancel_scope.cancel()
                with trio.move_on_after(0):
                    await bridge.shut_down()
                connections.cancel_scope.cancel()
