"""A client program's stay on one board: say ops, hear events, come back after a loss.

Owns the programming interface. Must not know WebSockets (`wire`), reconnecting (`link`), the
protocol's messages (`conversation`) nor how elements merge (the replica's).
"""

import secrets
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self

import trio

from whiteboard.client.backoff import Backoff
from whiteboard.client.conversation import Conversation, Identity, Replica
from whiteboard.client.events import Answer, Event, Welcome
from whiteboard.client.feed import Feed
from whiteboard.client.link import Place, stay
from whiteboard.client.progress import Progress
from whiteboard.client.wire import Endpoint, alone
from whiteboard.ids import ClientId, OpId, parse_board_id, parse_client_id

Point = Sequence[float]
"""x, y in board units, and pressure 0..1 if there is a third."""


class EventStream:
    """The events of a board, one after the other; ends when the client does."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        try:
            return await self._feed.receive()
        except trio.EndOfChannel:
            raise StopAsyncIteration from None


class BoardClient:
    """A stay on a board. Made by `open_board`.

    Ops are sent in the order they were posted, by one writer. Each has exactly one answer, across
    reconnects too: what was not answered goes out again under the same op id.
    """

    def __init__(self, talk: Conversation) -> None:
        self._talk = talk

    # --- what is known ------------------------------------------------------------------------

    @property
    def client(self) -> str:
        """Our client id on this board."""
        return self._talk.identity.client

    @property
    def key(self) -> str | None:
        """The secret that claims `client` again in a later run."""
        return self._talk.identity.key

    @property
    def welcome(self) -> Welcome:
        """The newest welcome: session, peers, limits, what an ack is worth."""
        assert self._talk.welcome is not None, "open_board waits for it"
        return self._talk.welcome

    @property
    def session(self) -> str:
        """Our newest session."""
        return self.welcome.session

    @property
    def seq(self) -> int | None:
        """We have everything up to here; None while no snapshot is complete."""
        return self._talk.progress.seq

    @property
    def epoch(self) -> str | None:
        """The history that `seq` counts in."""
        return self._talk.progress.epoch

    @property
    def role(self) -> str | None:
        """What we may do, as the server said last."""
        return self._talk.role

    @property
    def is_connected(self) -> bool:
        """Whether a welcomed connection stands."""
        return self._talk.is_connected

    @property
    def pending_count(self) -> int:
        """Ops posted and not answered."""
        return len(self._talk.pending)

    @property
    def replica(self) -> Replica | None:
        """The copy of the board, if one was asked for.

        A new one stands here whenever a snapshot begins, after a `Resync` or a `Welcome` that found nothing
        whole: a snapshot does not tell of what was deleted.
        """
        return self._talk.replica

    def events(self) -> EventStream:
        """All events from the start; two readers share them. What a slow reader loses: see `Feed`."""
        return EventStream(self._talk.feed)

    async def reached(self, seq: int) -> None:
        """Return once we have everything up to `seq`. Raises ConnectionLost at a final end."""
        await trio.lowlevel.checkpoint()
        while self.seq is None or self.seq < seq:
            self._talk.check_open()
            await self._talk.moved.wait()

    # --- ops ----------------------------------------------------------------------------------

    async def send(self, op: Mapping[str, Any]) -> Answer:
        """Post an op and return the server's answer, however many reconnects that takes.

        While MAX_CLIENT_PENDING_BYTES are on their way it waits for room, behind those that wait already.
        A refusal that says `retry` is not retried here; post the op again with the `opId` of the
        refusal when it suits.

        Raises:
            OpTooLarge: no frame of this server can carry it; nothing was sent.
            OpUnanswered: the server passed the op over, again and again, with an error in place of an
                answer. It is not known to be stored.
            ConnectionLost: the server will not have us any more; nobody knows what became of it.
            ValueError: not an op type, nested too deeply, or an op id that is not ours or is pending already.

        Cancellation: the op stays posted once it had room, and may be stored.
        """
        pending = self._talk.prepare(op)
        if not self._talk.pending.fits(pending):
            await self._talk.pending.wait_turn(pending)
        self._talk.post(pending)
        await pending.done.wait()
        if pending.answer is None:
            raise pending.failure or self._talk.end_error()
        return pending.answer

    def post(self, op: Mapping[str, Any]) -> OpId:
        """Post an op without waiting; its answer comes as an event (`Ack` or `Rejected`).

        An op that the server passes over, again and again, is `Rejected` with the code `unanswered`.

        Raises:
            trio.WouldBlock: MAX_CLIENT_PENDING_BYTES are on their way already, or others wait for room.
            OpTooLarge, ConnectionLost, ValueError: as `send`.
        """
        pending = self._talk.prepare(op)
        if not self._talk.pending.fits(pending):
            raise trio.WouldBlock
        self._talk.post(pending)
        return pending.op_id

    async def flush(self) -> None:
        """Return when every posted op has its answer or was given up. Raises ConnectionLost at a final end."""
        await self._talk.pending.wait_empty()
        self._talk.check_open()

    async def stroke(self, points: Sequence[Point], *, element: str | None = None, **props: Any) -> Answer:
        """Draw a stroke; `append` lengthens it. A new element id is made when none is given."""
        return await self.send({"type": "stroke", "id": element or new_id(), "points": points, **props})

    async def append(self, element: str, start: int, points: Sequence[Point]) -> Answer:
        """Add points to a stroke of ours; `start` is the index of the first of them."""
        return await self.send({"type": "append", "id": element, "from": start, "points": points})

    async def shape(
        self,
        kind: str,
        box: tuple[float, float, float, float],
        *,
        element: str | None = None,
        **props: Any,
    ) -> Answer:
        """Draw a rectangle, ellipse, diamond, line or arrow; `box` is x, y, w, h in board units."""
        sides = dict(zip("xywh", box, strict=True))
        return await self.send({"type": "shape", "id": element or new_id(), "kind": kind, **sides, **props})

    async def text(
        self, text: str, x: float, y: float, *, element: str | None = None, **props: Any
    ) -> Answer:
        """Write a text at a place in board units."""
        place = {"x": x, "y": y}
        return await self.send({"type": "text", "id": element or new_id(), "text": text, **place, **props})

    async def set(self, element: str, props: Mapping[str, Any]) -> Answer:
        """Change properties of an element; None unsets one."""
        return await self.send({"type": "set", "id": element, "props": dict(props)})

    async def delete(self, element: str) -> Answer:
        """Delete an element; `restore` brings it back."""
        return await self.send({"type": "delete", "id": element})

    async def restore(self, element: str) -> Answer:
        """Bring a deleted element back."""
        return await self.send({"type": "restore", "id": element})

    # --- presence and requests ----------------------------------------------------------------

    def cursor(self, x: float, y: float) -> None:
        """Show where we point, in board units; only the newest place is sent, none while offline."""
        self._talk.say_aside({"type": "cursor", "x": x, "y": y})

    def laser(self, points: Sequence[Point]) -> None:
        """Show a laser trail; an empty one ends it. The newest wins."""
        self._talk.say_aside({"type": "laser", "points": points})

    def follow(self, session: str) -> None:
        """Show whom we follow; an empty string ends it."""
        self._talk.say_aside({"type": "follow", "session": session})

    def sync(self, since: int) -> None:
        """Ask for the ops after `since` again; they come as events."""
        self._talk.say_aside({"type": "sync", "since": since})

    def ping(self, ts: float) -> None:
        """Ask for a `Pong` with this number."""
        self._talk.say_aside({"type": "ping", "ts": ts})


def new_id() -> str:
    """A fresh element id; 80 random bits never meet on one board."""
    return f"e-{secrets.token_hex(10)}"


def first_counter() -> int:
    """What our ops are counted from: microseconds since 1970, more than any program sends ops.

    So that a program that comes back at once does not count like its ops of before, which may still be on
    their way and which `welcome.clock` does not know of yet.
    """
    return time.time_ns() // 1000


def new_client_id() -> ClientId:
    """A fresh client id; 64 random bits."""
    return ClientId(f"c-{secrets.token_hex(8)}")


@asynccontextmanager
async def open_board(
    url: str,
    board: str,
    *,
    client: str | None = None,
    key: str | None = None,
    name: str | None = None,
    color: str | None = None,
    token: str | None = None,
    since: int | None = None,
    epoch: str | None = None,
    replica: Callable[[], Replica] | None = None,
    ssl_context: ssl.SSLContext | None = None,
) -> AsyncIterator[BoardClient]:
    """A stay on a board, from its first welcome to the end of the block.

    Args:
        url: the server, with its base path if it has one, such as `http://127.0.0.1:8080`.
        board: board id; the board begins with its first op.
        client, key: who we were in an earlier run; fresh ones when None. With a key that does not
            fit, the server gives us another client id.
        since, epoch: what we hold already, as `BoardClient.seq` and `epoch` said; only what is
            missing comes then.
        replica: makes an empty copy of the board, which the client then keeps up to date; docs/client.md
            shows one. Not together with `since`, as an empty copy holds nothing.

    Raises:
        ConnectionLost: the first connection failed. Later losses are events, and the client comes
            back by itself, unless the server says that it need not.
        ValueError: a bad url, board id or client id; or `since` for a replica.

    Children of its nursery: `link.stay`, cancelled at the end of the block; within it, per
    connection, reader, writer, heartbeat watchdog and nudge. What the body raises comes out as it is.

    Leaving the block does not wait for answers: `await board.flush()` does. When cancelled, the
    socket still gets its goodbye, within WS_CLOSE.
    """
    place = Place(url, _board_id(board), ssl_context)
    Endpoint.of(url, board)
    if replica is not None and since is not None:
        raise ValueError("an empty replica cannot go on from `since`: leave one of the two out")
    identity = Identity(_client_id(client), key, name, color, token)
    backoff = Backoff(secrets.SystemRandom().uniform)
    talk = Conversation(identity, Progress(since, epoch), backoff, replica, first_counter())
    failure: BaseException | None = None
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stay, place, talk)
            await talk.opened.wait()
            if talk.welcome is not None:
                yield BoardClient(talk)
            nursery.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        failure = alone(group)
    if failure is not None:
        raise failure
    if talk.welcome is None:
        raise talk.end_error()


def _board_id(text: str) -> str:
    board = parse_board_id(text)
    if board is None:
        raise ValueError(f"{text!r} is no board id: 1 to 128 of A-Z a-z 0-9 _ . -")
    return board


def _client_id(text: str | None) -> ClientId:
    client = new_client_id() if text is None else parse_client_id(text)
    if client is None:
        raise ValueError(f"{text!r} is no client id: 1 to 64 of A-Z a-z 0-9 _ . -")
    return client
