"""What a client and the server say to each other on one board, across all connections.

Owns what is known: who we are, what we have seen, which ops are unanswered, what is to be said next.
Opens no socket and waits for none; `link.py` carries what this says and hears.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import msgspec
import trio

from whiteboard.client.backoff import Backoff
from whiteboard.client.events import (
    OP_TYPES,
    Ack,
    Answer,
    Disconnected,
    Drain,
    Event,
    Json,
    MalformedMessage,
    OpEvent,
    Problem,
    Reconnected,
    Rejected,
    Resync,
    RoleChanged,
    SnapshotPart,
    Welcome,
    read_event,
)
from whiteboard.client.feed import Feed
from whiteboard.client.pending import PendingOps
from whiteboard.client.progress import Progress
from whiteboard.client.sending import PendingOp
from whiteboard.errors import ConnectionLost
from whiteboard.ids import ClientId, OpId, parse_client_id, parse_op_id
from whiteboard.limits import MAX_CLIENT_EVENT_BYTES, MAX_CLIENT_PENDING_BYTES


class Replica(Protocol):
    """A copy of the board that the client keeps up to date.

    It merges: what it is told may come in any order and more than once (docs/spec/merge.md). What it
    raises ends the board's block.
    """

    def apply(self, op: Json, /) -> object:
        """Take a stamped op, as everybody gets it (docs/spec/acceptance.md)."""

    def join(self, state: Json, /) -> object:
        """Take the state of one element, as a snapshot has it (ELM-1)."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we say we are."""

    client: ClientId
    key: str | None = None
    name: str | None = None
    color: str | None = None
    token: str | None = None


class Conversation:
    """The client's side of the protocol."""

    def __init__(
        self,
        identity: Identity,
        progress: Progress,
        backoff: Backoff,
        make_replica: Callable[[], Replica] | None,
        counter: int = 0,
    ) -> None:
        """Our ops are counted from above `counter`."""
        self.identity = identity
        self.progress = progress
        self.backoff = backoff
        self.feed = Feed(MAX_CLIENT_EVENT_BYTES)
        self.pending = PendingOps(MAX_CLIENT_PENDING_BYTES)
        self.welcome: Welcome | None = None
        """The last one."""
        self.role: str | None = None
        self.is_connected = False
        """Whether a welcomed connection stands."""
        self.ended: Disconnected | None = None
        """Why nothing more will come, once that is so."""
        self.opened = trio.Event()
        """Set at the first welcome, or at the end when there was none."""
        self.work = trio.Event()
        """Set when there is something to say."""
        self.moved = trio.Event()
        """Set when `progress` moves, and at the end; a new one each time."""
        self._make_replica = make_replica
        self.replica = make_replica() if make_replica else None
        self._counter = counter
        self._asides: dict[str, Json] = {}

    # --- what we say --------------------------------------------------------------------------

    def hello(self) -> Json:
        """The first message of a connection: who we are and what we have seen."""
        who = self.identity
        fields: Json = {
            "client": who.client,
            "key": who.key,
            "name": who.name,
            "color": who.color,
            "token": who.token,
            "since": self.progress.seq,
            "epoch": None if self.progress.seq is None else self.progress.epoch,
            "compact": True,
        }
        return {"type": "hello", "v": 1, **{k: v for k, v in fields.items() if v is not None}}

    def prepare(self, op: Mapping[str, Any]) -> PendingOp:
        """The op with its id, and with what we had seen when it was made.

        Raises:
            ValueError: not an op type, nested too deeply, or an op id that is not ours or is pending already.
            OpTooLarge: no frame of this server can carry it.
            ConnectionLost: the conversation is over.
        """
        self.check_open()
        if op.get("type") not in OP_TYPES:
            raise ValueError(f"{op.get('type')!r} is no op type")
        op_id = self._own_op_id(op["opId"]) if "opId" in op else self._next_op_id()
        stamped = {**op, "opId": str(op_id)}
        # Without a picture yet, the server says what the author had seen: to say "nothing" would lose to
        # every write that already stands (ACC-3).
        if "seen" not in op and "clock" not in op and self.progress.seen is not None:
            stamped["seen"] = self.progress.seen
        pending = PendingOp(op_id, stamped, self.welcome)
        self.pending.refuse_oversize(pending)
        return pending

    def post(self, pending: PendingOp) -> None:
        """Put an op behind all others, as it is to be sent now: it may have waited for room meanwhile.

        Raises:
            OpTooLarge: the server became another while the op waited, and takes smaller frames.
            ConnectionLost: the conversation is over.
        """
        self.check_open()
        if pending.op_id.client != self.identity.client:
            pending.rename(self.identity.client)
        if self.welcome is not None:
            pending.face(self.welcome)
        self.pending.refuse_oversize(pending)
        self.pending.post(pending)
        self.work.set()

    def say_aside(self, message: Json) -> None:
        """Say what is no op: the newest of each type goes out, nothing is kept while offline."""
        if self.is_connected:
            self._asides[message["type"]] = message
            self.work.set()

    def next_frame(self) -> str | None:
        """The next text frame, ops first; None when there is nothing to say."""
        messages = self.pending.take_unsent()
        if not messages and self._asides and not self.pending.is_probing:
            messages = [msgspec.json.encode(message) for message in self._asides.values()]
            self._asides.clear()
        return _frame(messages) if messages else None

    def nudge(self) -> None:
        """To be called every CLIENT_ANSWER seconds of a connection: nothing waits for ever."""
        self._tell_refused(self.pending.nudge())

    def check_open(self) -> None:
        """Raise ConnectionLost when nothing more will come."""
        if self.ended is not None:
            raise self.end_error()

    def end_error(self) -> ConnectionLost:
        """What to tell somebody who waits for what will not come."""
        ended = self.ended or Disconnected(reason="the board was left")
        return ConnectionLost(ended.reason, ended.code)

    def _next_op_id(self) -> OpId:
        self._counter += 1
        return OpId(self.identity.client, self._counter)

    def _own_op_id(self, text: object) -> OpId:
        op_id = parse_op_id(text) if isinstance(text, str) else None
        if op_id is None or op_id.client != self.identity.client:
            raise ValueError(f"{text!r} is no op id of client {self.identity.client!r}")
        if self.pending.knows(str(op_id)):
            raise ValueError(f"op {op_id} is pending already")
        self._counter = max(self._counter, op_id.counter)
        return op_id

    # --- what we hear -------------------------------------------------------------------------

    def hear(self, messages: Sequence[Json], size_bytes: int) -> None:
        """Take the messages of one frame. Raises ConnectionLost for what is not the protocol."""
        share = size_bytes // max(len(messages), 1)
        for message in messages:
            try:
                event = read_event(message)
            except MalformedMessage as error:
                raise ConnectionLost(f"the server sent a malformed message: {error}") from None
            if isinstance(event, Welcome) and self.backoff.failures:
                self.feed.push(Reconnected(attempts=self.backoff.failures))
            self._learn(event)
            self.feed.push(event, share)

    def disconnect(self, event: Disconnected) -> None:
        """Note that the connection is gone; for good, if the event says so."""
        self.is_connected = False
        self._asides.clear()
        self.feed.push(event)
        if event.is_final:
            self.ended = event

    def finish(self) -> None:
        """Nothing more will come: wake everybody who waits. Idempotent."""
        self.is_connected = False
        self.ended = self.ended or Disconnected(reason="the board was left", is_final=True)
        self.pending.give_up()
        self.feed.close()
        self.opened.set()
        self.moved.set()

    def _learn(self, event: Event) -> None:
        match event:
            case OpEvent():
                self._learn_op(event)
            case Ack() | Rejected():
                self._learn_answer(event)
            case SnapshotPart():
                self._learn_part(event)
            case Welcome():
                self._learn_welcome(event)
            case Resync():
                self.progress.discard()
                self._renew_replica()
            case RoleChanged():
                self.role = event.role
            case Drain(reconnect=(low, high)):
                self.backoff.ask(low, high)
            case Problem(op_id=str(op_id)):
                self._learn_answer(Rejected(op_id=op_id, code=event.code, reason=event.reason))
            case Problem():
                self._tell_refused(self.pending.doubt(f"{event.code}: {event.reason}"))

    def _learn_op(self, event: OpEvent) -> None:
        if not self.progress.take_op(event.seq):
            self.say_aside({"type": "sync", "since": self.progress.seq or 0})
        if self.replica is not None:
            self.replica.apply(event.op)
        self._wake_moved()

    def _learn_part(self, part: SnapshotPart) -> None:
        if self.replica is not None:
            for state in part.elements:
                self.replica.join(state)
        if self.progress.take_part(part):
            self._wake_moved()

    def _learn_answer(self, answer: Answer) -> None:
        self.backoff.reset()
        self.pending.answer(answer)
        if self.pending.has_unsent:
            self.work.set()

    def _learn_welcome(self, welcome: Welcome) -> None:
        client = parse_client_id(welcome.client)
        if client is None:
            raise ConnectionLost(f"the server gave us a bad client id {welcome.client!r}")
        self._become(client, welcome.key)
        self._counter = max(self._counter, welcome.clock.get(client, 0))
        self.progress.start(welcome.epoch)
        if self.progress.seq is None:
            self._renew_replica()  # what is not in the snapshot that follows may have been deleted (RES-6)
        self._tell_refused(self.pending.restart(welcome))
        self.welcome, self.role = welcome, welcome.role
        self.is_connected = True
        self.opened.set()

    def _become(self, client: ClientId, key: str | None) -> None:
        if client != self.identity.client:
            self._tell_refused(self.pending.rename(client))
            self.identity = replace(self.identity, client=client, key=key)
        elif key is not None:
            self.identity = replace(self.identity, key=key)

    def _tell_refused(self, refused: Sequence[Rejected]) -> None:
        for refusal in refused:
            self.feed.push(refusal)
        self.work.set()

    def _renew_replica(self) -> None:
        if self._make_replica is not None:
            self.replica = self._make_replica()

    def _wake_moved(self) -> None:
        self.moved.set()
        self.moved = trio.Event()


def _frame(messages: Sequence[bytes]) -> str:
    """A text frame: a batch, or a single message as it is, which leaves it two bytes more."""
    text = b",".join(messages).decode()
    return text if len(messages) == 1 else f"[{text}]"
