"""What rooms need of others: a socket for each session, and somebody to tell what happens. Owns neither."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from whiteboard.ids import BoardId, ClientId, SessionId
from whiteboard.protocol.packed import Packed


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is at the other end of a connection, as far as its request told."""

    address: str = ""
    """Their IP address, as far as trusted proxies tell; empty on a Unix socket."""
    token: str | None = field(default=None, repr=False)
    """What they gave to show who they are, before any `hello`."""


@dataclass(frozen=True, slots=True)
class Oversize:
    """A message above the frame limit arrived; its bytes were not kept."""

    size: int


class BinaryMessage:
    """A binary message arrived; the protocol has none (rule: refused with an error message)."""


BINARY_MESSAGE: Final = BinaryMessage()

Incoming = bytes | Oversize | BinaryMessage
"""One message: UTF-8 text as bytes (not yet decoded or checked), or why there is no text."""


Taker = Callable[[Incoming], bool]
"""Takes a message at once and whole, or says False and has not touched it."""


class Connection(Protocol):
    """One WebSocket, open. Its owner is the session; nobody else reads or writes it."""

    @property
    def peer(self) -> str:
        """The peer's address for logs: `host:port`, or what a trusted proxy said."""

    @property
    def last_heard(self) -> float:
        """`trio.current_time()` of the last bytes from the peer: any bytes are a sign of life."""

    @property
    def backlog_bytes(self) -> int:
        """Bytes pushed that the kernel has not taken yet."""

    async def receive(self) -> Sequence[Incoming]:
        """The next messages in order, at least one: all that the socket holds, in one go. None after `nudge`.

        Pings are answered and fragments joined inside. Raises ConnectionLost when the peer closed,
        reset or broke the WebSocket protocol. Cancellation loses no message: the next call has it.
        """

    def listen(self, take: Taker) -> None:
        """From now on, while somebody waits in `receive`, offer each message to `take` first, in order.

        `take` runs in the reader's turn: it must neither block nor raise for what a peer can send. When it
        says False, that message and those behind it go to `receive`, and nothing is offered until the next
        call of `receive` waits. An exception of `take` comes out of `receive`.
        """

    def nudge(self) -> None:
        """Have `receive` return with nothing, the one that waits or the next."""

    def push(self, message: bytes | Packed) -> None:
        """Send what is held and one text message now, or queue what the kernel does not take. Never blocks.

        After the connection is lost or closing, it does nothing.
        """

    def push_some(self, messages: deque[Packed], most: int) -> None:
        """As `push`, for the first of `messages`, in one send: takes out at least one and no more than `most`."""

    def hold(self, message: bytes) -> None:
        """Keep a message for the next `push` or `release`, so that both go out in one send."""

    def release(self) -> None:
        """Send what is held."""

    async def drain(self) -> None:
        """Return when nothing is queued. Raises ConnectionLost, TooSlow. Cancellation keeps the queue."""

    async def wait_backlog(self) -> None:
        """Return once something is queued, or `stir` is called: wakes the one task that calls `drain`. Raises TooSlow.

        When the connection is lost and nothing is queued, it waits for ever: `receive` tells of that.
        """

    def stir(self) -> None:
        """Have the task in `wait_backlog` return now, if there is one."""

    def report_to(self, note: Callable[["Connection"], object]) -> None:
        """Call `note` with this connection whenever something goes under way to the peer, and nothing was before."""

    def stands_still_for(self, now: float) -> float | None:
        """Seconds for which the peer has taken nothing although something waits for it; 0.0 while it goes on.

        None when nothing is under way, so that there is nothing to ask until the next report. Ask once a second or so,
        in `trio.current_time()`: it becomes known by looking. A peer that cannot be reached does not stand still, as far
        as that can be told from one that does not read.
        """

    def give_up(self) -> None:
        """From now on have `drain` and `wait_backlog` raise TooSlow: nobody waits for this peer any more."""

    async def ping(self) -> None:
        """Queue a WebSocket ping."""

    async def close(self, code: int, reason: str) -> None:
        """Say goodbye with a code, wait for the answer within WS_CLOSE, close the socket. Idempotent.

        Takes the socket down by force when the queue cannot leave in time. A peer that stands still is not waited for:
        what has begun to leave and the goodbye are kept for it for STRAGGLER, behind the session's back.
        """


class Witness(Protocol):
    """Hears what is worth remembering. Its methods return at once and raise nothing."""

    def session_opened(
        self, session: SessionId, board: BoardId, client: ClientId, name: str, address: str
    ) -> None:
        """Somebody has come to a board."""

    def session_closed(self, session: SessionId, why: str) -> None:
        """Somebody has gone. Passed over when they had not come."""

    def board_created(self, board: BoardId) -> None:
        """A board was created before anybody drew on it."""

    def board_begun(self, board: BoardId, client: ClientId) -> None:
        """The first op of a board was stored."""

    def board_deleted(self, board: BoardId) -> None:
        """The operator deleted a board."""


class _Nobody:
    """Remembers nothing."""

    def session_opened(
        self, session: SessionId, board: BoardId, client: ClientId, name: str, address: str
    ) -> None:
        pass

    def session_closed(self, session: SessionId, why: str) -> None:
        pass

    def board_created(self, board: BoardId) -> None:
        pass

    def board_begun(self, board: BoardId, client: ClientId) -> None:
        pass

    def board_deleted(self, board: BoardId) -> None:
        pass


NOBODY: Final[Witness] = _Nobody()
