"""A server that speaks RESP on a Unix socket and says what a Redis would, when a scenario wants it to."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import trio

from whiteboard.storage.redis.server import Server, open_server

Words = list[bytes]


class PlayedRedis:
    """One node, or a server that is none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.heard: list[Words] = []
        self.takes: dict[bytes, float] = {}
        """Seconds for an answer to a command."""
        self.refusals: dict[bytes, bytes] = {}
        """What a command is refused with."""
        self.cluster: list[PlayedRedis] = []
        """Who has slots, if there is a cluster: each as many as the others."""
        self._kept: dict[bytes, bytes] = {}

    @property
    def counts(self) -> Counter[bytes]:
        """How often it heard each command."""
        return Counter(words[0] for words in self.heard)

    async def serve(self, stream: trio.SocketStream) -> None:
        """Answer one connection, command by command."""
        rest = b""
        async with stream:
            try:
                while data := bytes(await stream.receive_some()):
                    commands, rest = _commands(rest + data)
                    for words in commands:
                        self.heard.append(words)
                        await trio.sleep(self.takes.get(words[0], 0.0))
                        await stream.send_all(self._answer(words))
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                pass  # its client has gone

    def _answer(self, words: Words) -> bytes:
        if words[0] in self.refusals:
            return b"-%s\r\n" % self.refusals[words[0]]
        match words:
            case [b"HELLO", *_]:
                said = (
                    _bulk(b"version")
                    + _bulk(b"7.0.0")
                    + _bulk(b"proto")
                    + b":3\r\n"
                    + _bulk(b"id")
                    + b":1\r\n"
                )
                return b"%3\r\n" + said
            case [b"PING", *_]:
                return b"+PONG\r\n"
            case [b"CLUSTER SLOTS"] | [b"CLUSTER", b"SLOTS"]:
                return self._slots() if self.cluster else b"-ERR no cluster\r\n"
            case [b"SET", key, value, *_]:
                self._kept[key] = value
            case [b"GET", key]:
                return _bulk(self._kept[key]) if key in self._kept else b"_\r\n"
            case [b"HGETALL", _]:
                return b"%0\r\n"
            case [b"SSUBSCRIBE" | b"SUNSUBSCRIBE" as word, name]:
                return b">3\r\n" + _bulk(word.lower()) + _bulk(name) + b":1\r\n"
            case [b"EVALSHA", *_]:
                return b":1\r\n"
        return b"+OK\r\n"

    def _slots(self) -> bytes:
        share = 16_384 // len(self.cluster)
        lines = []
        for number, node in enumerate(self.cluster):
            last = 16_383 if number == len(self.cluster) - 1 else (number + 1) * share - 1
            place = b"*2\r\n" + _bulk(str(node.path).encode()) + b":0\r\n"
            lines.append(b"*3\r\n:%d\r\n:%d\r\n%s" % (number * share, last, place))
        return b"*%d\r\n" % len(lines) + b"".join(lines)


def _bulk(text: bytes) -> bytes:
    return b"$%d\r\n%s\r\n" % (len(text), text)


def _commands(data: bytes) -> tuple[list[Words], bytes]:
    """The whole commands in some bytes, and what is left: arrays of strings, as all clients send them."""
    found: list[Words] = []
    while data.startswith(b"*"):
        head, _, rest = data.partition(b"\r\n")
        words: Words = []
        for _ in range(int(head[1:])):
            size, _, rest = rest.partition(b"\r\n")
            end = int(size[1:] or 0) if size else 0
            if len(rest) < end + 2:
                return found, data
            words.append(rest[:end])
            rest = rest[end + 2 :]
        found.append(words)
        data = rest
    return found, data


@asynccontextmanager
async def open_played(nodes: int = 0) -> AsyncIterator[tuple[Server, list[PlayedRedis]]]:
    """A client of a played Redis, or of a cluster of so many nodes; and these."""
    with TemporaryDirectory() as folder:
        played = [PlayedRedis(Path(folder) / f"redis-{number}") for number in range(max(nodes, 1))]
        async with trio.open_nursery() as nursery:
            for one in played:
                one.cluster = played if nodes else []
                listener = trio.socket.socket(trio.socket.AF_UNIX)
                await listener.bind(str(one.path))
                listener.listen()
                await nursery.start(trio.serve_listeners, one.serve, [trio.SocketListener(listener)])
            async with open_server(f"unix://{played[0].path}", None, "wb") as server:
                yield server, played
            nursery.cancel_scope.cancel()
