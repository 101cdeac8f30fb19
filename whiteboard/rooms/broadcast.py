"""From the log to everybody: one frame for all, at once when idle, gathered under load (R11, R14).

A *live* feed is pushed every frame. A feed that joins, resumes or lags is not: it brings itself up to
date from tail, log or snapshot at its own pace (`feed.py`) and then asks to go live. So nothing here
waits for a slow client, and no queue grows with its slowness.
"""

import math
from collections.abc import Iterable
from typing import Final, Protocol

import trio

from whiteboard import timeouts
from whiteboard.core.ops import Json
from whiteboard.core.presence import Pointer, Presence, Profile
from whiteboard.ids import SessionId
from whiteboard.limits import MAX_TAIL_BYTES
from whiteboard.protocol import messages
from whiteboard.protocol.codec import encode, frame
from whiteboard.rooms.tail import Tail

_SHARE: Final = 0.25
"""Part of the time that flushing may take: after a flush of d seconds the next one waits 3 d, up to
BROADCAST_TICK. Measured: it halves the CPU at 3,000 ops/s and 50 clients."""


class Receiver(Protocol):
    """A live feed, as the broadcast sees it. None of these block."""

    def offer(self, ops: Json, up_to: int) -> None:
        """Take a frame of ops that ends at seq `up_to`."""

    def lag(self) -> None:
        """Stop being live, with everything up to the last offer; catch up from the log."""

    def offer_presence(self, text: Json) -> None:
        """Take a presence message, or let it go and ask for all pointers later."""

    def offer_profiles(self, text: Json) -> None:
        """Take who came, changed or left; never lost."""


class Broadcast:
    """What all sessions of a board are told."""

    def __init__(self, tail: Tail) -> None:
        self._tail = tail
        self.seq = tail.head
        """Everything up to here has been given to every live feed."""
        self.presence = Presence()
        self._live: dict[Receiver, None] = {}  # a set that keeps order of arrival
        self._ops_wake = trio.Event()
        self._presence_wake = trio.Event()
        self.presence_changed = trio.Event()
        """Somebody came, went, moved or changed. Whoever waits for it puts a new one in its place."""

    def ops_arrived(self) -> None:
        """The tail has grown: flush soon."""
        self._ops_wake.set()

    async def tick_ops(self) -> None:
        """Flush ops for ever: at once after a pause, else in a rhythm that keeps to _SHARE."""
        ready_at = -math.inf
        while True:
            await self._ops_wake.wait()
            await trio.sleep_until(ready_at)
            self._ops_wake = trio.Event()
            started = trio.current_time()
            self.flush()
            ended = trio.current_time()
            gap = (ended - started) * (1 / _SHARE - 1)
            ready_at = ended + min(gap, timeouts.BROADCAST_TICK.seconds)

    async def tick_presence(self) -> None:
        """Send new names and moved pointers for ever, the newest of each, at most every BROADCAST_TICK."""
        while True:
            await self._presence_wake.wait()
            self._presence_wake = trio.Event()
            if renamed := self.presence.take_renamed():
                self._tell_all(frame([encode_join(profile) for profile in renamed]))
            if moved := self.presence.take_moved():
                text = encode_pointers(moved)
                for feed in list(self._live):
                    feed.offer_presence(text)
            await trio.sleep(timeouts.BROADCAST_TICK.seconds)

    def flush(self) -> None:
        """Give every live feed what the tail has beyond `seq`, as one frame. Never blocks."""
        if self._tail.head == self.seq:
            return
        texts = self._tail.between(self.seq, self._tail.head, MAX_TAIL_BYTES)
        if texts is None:
            # the tail ran over between two flushes: let everybody read the log
            for feed in list(self._live):
                feed.lag()
        self.seq = self._tail.head
        if texts:
            ops = frame(texts)
            for feed in list(self._live):
                feed.offer(ops, self.seq)

    # --- feeds --------------------------------------------------------------------------------

    def go_live(self, feed: Receiver) -> None:
        """From now on the feed is pushed everything beyond `seq`. No await between check and this."""
        self._live[feed] = None

    def fall_behind(self, feed: Receiver) -> None:
        """Stop pushing to a feed."""
        self._live.pop(feed, None)

    # --- presence -----------------------------------------------------------------------------

    def point(self, session: SessionId, update: Pointer) -> None:
        """A pointer moved."""
        self.presence.point(session, update)
        self._presence_wake.set()
        self.presence_changed.set()

    def enter(self, profile: Profile) -> None:
        """Somebody arrived: tell every live feed."""
        self.presence.enter(profile)
        self.presence_changed.set()
        self._tell_all(encode_join(profile))

    def rename(self, profile: Profile) -> None:
        """Somebody changed name or colour: every live feed hears of it at the next tick."""
        self.presence.rename(profile)
        self._presence_wake.set()
        self.presence_changed.set()

    def leave(self, session: SessionId) -> None:
        """Somebody left: tell every live feed."""
        if self.presence.leave(session):
            self.presence_changed.set()
            self._tell_all(encode_leave(session))

    def _tell_all(self, text: Json) -> None:
        for feed in list(self._live):
            feed.offer_profiles(text)


def encode_join(profile: Profile) -> Json:
    """A `join` message."""
    return encode(
        messages.Join(session=profile.session, client=profile.client, name=profile.name, color=profile.color)
    )


def encode_leave(session: SessionId) -> Json:
    """A `leave` message."""
    return encode(messages.Leave(session=session))


def encode_pointers(pointers: dict[SessionId, Pointer]) -> Json:
    """A `cursors` message."""
    return encode(messages.Cursors(cursors=cursors_of(pointers)))


def encode_changes(before: Iterable[Profile], after: Iterable[Profile]) -> list[Json]:
    """What turns one list of peers into another: `leave` and `join` messages."""
    standing = {profile.session: profile for profile in before}
    present = {profile.session: profile for profile in after}
    gone = [encode_leave(session) for session in standing.keys() - present.keys()]
    return gone + [
        encode_join(profile) for session, profile in present.items() if standing.get(session) != profile
    ]


def cursors_of(pointers: dict[SessionId, Pointer]) -> list[messages.CursorOf]:
    """Pointers as `cursors` lists them."""
    return [_cursor(*entry) for entry in pointers.items()]


def _cursor(session: SessionId, pointer: Pointer) -> messages.CursorOf:
    entry = messages.CursorOf(session=session)
    if pointer.x is not None and pointer.y is not None:
        entry.x, entry.y = pointer.x, pointer.y
    if pointer.laser is not None:
        entry.laser = [list(point) for point in pointer.laser]
    if pointer.follow is not None:
        entry.follow = pointer.follow
    return entry


def peers_of(profiles: Iterable[Profile]) -> list[messages.Peer]:
    """Peers as `welcome` lists them."""
    return [messages.Peer(session=p.session, client=p.client, name=p.name, color=p.color) for p in profiles]
