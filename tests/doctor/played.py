"""Servers that play a part, for what no real one does."""

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import trio
from wsproto.connection import Connection, ConnectionType
from wsproto.events import Ping, TextMessage
from wsproto.utilities import generate_accept_token

Json = dict[str, Any]
Play = Callable[[trio.SocketStream, bytes], Awaitable[None]]
"""Gets a connection and the head of its request."""
HEALTHY = b'HTTP/1.1 200 OK\r\nContent-Length: 27\r\nConnection: close\r\n\r\n{"alive":true,"ready":true}'
WELCOME = {
    "type": "welcome",
    "v": 1,
    "heartbeat": {"ping": 1},
    "limits": {"frameBytes": 4_096},
    "durable": "disk",
}


@asynccontextmanager
async def played(play: Play) -> AsyncIterator[str]:
    """A server that plays a part, on a free port of loopback; its URL."""

    async def serve(stream: trio.SocketStream) -> None:
        head = b""
        async with stream:
            try:
                while b"\r\n\r\n" not in head and (chunk := await stream.receive_some()):
                    head += chunk
                await play(stream, head)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                pass

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, serve, 0, host="127.0.0.1"))
        yield f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}/"
        nursery.cancel_scope.cancel()


async def become_socket(then: Play, stream: trio.SocketStream, head: bytes) -> None:
    """Healthy over HTTP, with a socket on which something goes on."""
    key = re.search(rb"(?i)sec-websocket-key: (\S+)", head)
    if key is None:
        await stream.send_all(HEALTHY)
        return
    accept = generate_accept_token(key[1])
    upgrade = b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept
    await stream.send_all(b"HTTP/1.1 101 Switching Protocols\r\n" + upgrade + b"\r\n\r\n")
    await then(stream, head)


async def converse(
    reply: Callable[[Json], list[Json | bytes]], stream: trio.SocketStream, head: bytes, *, pongs: bool = True
) -> None:
    """Speak the protocol: `reply` says what follows a message; nothing said (`b""`) ends the connection."""
    frames = Connection(ConnectionType.SERVER)
    text = ""
    while data := await stream.receive_some():
        frames.receive_data(bytes(data))
        for event in frames.events():
            if isinstance(event, Ping) and pongs:
                await stream.send_all(frames.send(event.response()))
            if not isinstance(event, TextMessage):
                continue
            text += event.data
            if not event.message_finished:
                continue
            message, text = json.loads(text), ""
            for said in reply(message):
                if said == b"":
                    return
                sent = said if isinstance(said, bytes) else frames.send(TextMessage(data=json.dumps(said)))
                await stream.send_all(sent)


def well_meant(message: Json) -> list[Json | bytes]:
    """What a server of ours says."""
    match message["type"]:
        case "hello":
            return [WELCOME]
        case "ping":
            return [{"type": "pong"}]
        case _:
            return [{"type": "ack", "id": message["id"], "at": 0, "durable": "disk"}]
