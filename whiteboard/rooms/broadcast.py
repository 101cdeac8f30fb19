"""From the log to everybody: one frame for all, at once when idle, gathered under load (R11, R14).

The tick of all rooms (`tick.py`) says when.

A *live* feed is pushed every frame. A feed that joins, resumes or lags is not: it brings itself up to
date from tail, log or snapshot at its own pace (`feed.py`) and then asks to go live. So nothing here
waits for a slow client, and no queue grows with its slowness.
"""

import math
from collections.abc import Callable, Iterable
from typing import Protocol

import trio

from whiteboard import timeouts
from whiteboard.core.ops import Json
from whiteboard.core.presence import Pointer, Presence, Profile
from whiteboard.ids import SessionId
from whiteboard.limits import PACK_BYTES, PACK_RECEIVERS
from whiteboard.protocol import messages
from whiteboard.protocol.codec import encode, frame
from whiteboard.protocol.packed import Packed
from whiteboard.rooms import figures
from whiteboard.rooms.attendance import Attendance
from whiteboard.rooms.tail import Tail


class Receiver(Protocol):
    """A live feed, as the broadcast sees it. None of these block."""

    heard: int
    """How many changes of who is here its client knew when it was last told by itself."""

    def offer(self, ops: Json | Packed, up_to: int) -> None:
        """Take a frame of ops that ends at seq `up_to`."""

    def lag(self) -> None:
        """Stop being live, with everything up to the last offer; catch up from the log."""

    def offer_presence(self, text: Json, *, is_followed: bool) -> None:
        """Take a presence message, or let it go and ask for all pointers later.

        Args:
            is_followed: ops come right behind it.
        """

    def offer_profiles(self, text: Json) -> None:
        """Take who came, changed or left; never lost."""


class Broadcast:
    """What all sessions of a board are told."""

    def __init__(
        self, tail: Tail, flush_soon: Callable[[], None], flush_presence_at: Callable[[float], None]
    ) -> None:
        """Args: `flush_soon` sees to it that `flush` is called, `flush_presence_at` at a time `flush_presence`."""
        self._tail = tail
        self._flush_soon = flush_soon
        self._flush_presence_at = flush_presence_at
        self.seq = tail.head
        """Everything up to here has been given to every live feed."""
        self.presence = Presence()
        self._live: dict[Receiver, None] = {}  # a set that keeps order of arrival
        self._peers: dict[SessionId, Json] = {}
        # who is here, encoded once for everybody's welcome
        self._attendance = Attendance()
        self._is_presence_due = False
        self._presence_sent_at = -math.inf
        self.presence_changed = trio.Event()
        """Somebody came, went, moved or changed. Whoever waits for it puts a new one in its place."""

    def ops_arrived(self) -> None:
        """The tail has grown: flush soon."""
        self._flush_soon()

    @property
    def has_news(self) -> bool:
        """Whether a flush is to come."""
        return self._tail.head != self.seq

    def flush_presence(self) -> None:
        """Send who came and left, new names and moved pointers, the newest of each. Asked for at most every BROADCAST_TICK."""
        self._is_presence_due = False
        self._presence_sent_at = trio.current_time()
        self._note_renamed()
        if not self._attendance.is_told:
            self._tell_changes()
        if moved := self.presence.take_moved():
            text, is_followed = encode_pointers(moved), self.has_news
            for feed in list(self._live):
                feed.offer_presence(text, is_followed=is_followed)
            figures.SIGNALS.add(len(self._live), "out,cursors")
            self.flush()  # ops that wait go in the same send

    def _presence_moved(self) -> None:
        self.presence_changed.set()
        if not self._is_presence_due:
            self._is_presence_due = True
            self._flush_presence_at(self._presence_sent_at + timeouts.BROADCAST_TICK.seconds)

    def flush(self) -> None:
        """Give every live feed what the tail has beyond `seq`, as one frame. Never blocks."""
        if self._tail.head == self.seq:
            return
        news = self._tail.head - self.seq
        texts = self._tail.newest(news)
        if texts is None:
            # the tail ran over between two flushes: let everybody read the log
            for feed in list(self._live):
                feed.lag()
        self.seq = self._tail.head
        figures.FLOW.frames += len(self._live)
        if texts:
            ops = _packed(frame(texts), len(self._live))
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
        self._presence_moved()

    def enter(self, profile: Profile) -> None:
        """Somebody arrived: every live feed hears of it at the next tick, with all who come and go meanwhile.

        When hundreds come at once, to tell each of each one would cost the square of that.
        """
        self.presence.enter(profile)
        self._peers[profile.session] = encode(peer_of(profile))
        self._note(encode_join(profile))

    def rename(self, profile: Profile) -> None:
        """Somebody changed name or colour: every live feed hears of it at the next tick."""
        self.presence.rename(profile)
        self._peers[profile.session] = encode(peer_of(profile))
        self._presence_moved()

    def leave(self, session: SessionId) -> None:
        """Somebody left: every live feed hears of it at the next tick."""
        if self.presence.leave(session):
            del self._peers[session]
            self._note(encode_leave(session))

    def _note_renamed(self) -> None:
        for profile in self.presence.take_renamed():
            self._attendance.note(encode_join(profile))

    def _note(self, change: Json) -> None:
        self._attendance.note(change)
        if self._live:
            self._presence_moved()
        else:
            self._attendance.told = self._attendance.count  # who catches up asks for what it missed
            self.presence_changed.set()

    @property
    def peers(self) -> Iterable[Json]:
        """Who is here, each as `welcome` lists them."""
        return self._peers.values()

    @property
    def changes(self) -> int:
        """How often somebody came, changed or left, so far."""
        return self._attendance.count

    def missed(self, heard: int) -> list[Json] | None:
        """Who came, changed and left after the first `heard` changes; None when that is too long ago."""
        return self._attendance.since(heard)

    def untold(self, heard: int) -> list[Json]:
        """As `missed`, for a live feed: what the next tick would tell it."""
        self._note_renamed()
        return self._attendance.since(max(heard, self._attendance.told)) or []

    def _tell_changes(self) -> None:
        """Tell every live feed; who has come meanwhile knows a part from the welcome, itself included."""
        before, changes = self._attendance.told, self.untold(0)
        self._attendance.told = self._attendance.count
        whole = frame(changes)
        for feed in list(self._live):
            if feed.heard <= before:
                feed.offer_profiles(whole)
            elif rest := changes[feed.heard - before :]:
                feed.offer_profiles(frame(rest))


def _packed(text: Json, receivers: int) -> Json | Packed:
    """A frame of ops in the form in which to push it to so many sessions."""
    is_worth_it = receivers >= PACK_RECEIVERS and len(text) >= PACK_BYTES
    return Packed(text, level=1) if is_worth_it else text


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
    return [peer_of(profile) for profile in profiles]


def peer_of(profile: Profile) -> messages.Peer:
    """A peer as `welcome` lists it."""
    return messages.Peer(
        session=profile.session, client=profile.client, name=profile.name, color=profile.color
    )
