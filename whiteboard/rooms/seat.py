"""A session's place in a room: what it may do there once it has been welcomed."""

from dataclasses import replace

import trio

from whiteboard.core.ops import Json
from whiteboard.core.outcomes import Rejected
from whiteboard.core.presence import Pointer, Profile
from whiteboard.errors import StorageUnavailable
from whiteboard.protocol.codec import encode_reject
from whiteboard.protocol.validation import OpRequest
from whiteboard.rooms.broadcast import Broadcast
from whiteboard.rooms.claims import Claim
from whiteboard.rooms.commit import REFUSED, Committer
from whiteboard.rooms.feed import Feed
from whiteboard.rooms.inbox import Refusal, Sender, Submission


class Seat:
    """Profile, client id and feed of one session, and the room's ears for it."""

    def __init__(
        self,
        profile: Profile,
        claim: Claim,
        feed: Feed,
        broadcast: Broadcast,
        committer: Committer,
    ) -> None:
        self.profile = profile
        self.claim = claim
        self.feed = feed
        self._broadcast = broadcast
        self._committer = committer
        self._inbox = committer.inbox
        self._sender = Sender(claim, feed.answer)

    async def submit(self, request: OpRequest) -> None:
        """Hand in an op; waits while the room's inbox is full. When cancelled, it was not taken."""
        await self._committer.submit(Submission(self._sender, request, self.feed.resumed_at))

    def can_take(self, ops: int, size_bytes: int) -> bool:
        """Whether so many ops, with so many bytes together, can be handed in now, and their answers queued."""
        inbox = self._inbox
        return (
            not inbox.is_closed
            and not self.feed.is_above_budget
            and inbox.has_room(self._sender, ops, size_bytes)
        )

    def commit_directly(self, request: OpRequest) -> bool:
        """Commit and answer an op on the spot, if nothing waits before it or is to be asked; whether it was."""
        return self._committer.commit_directly(self._sender, request, self.feed.resumed_at)

    def submit_now(self, request: OpRequest) -> None:
        """Hand in an op for which there is room."""
        self._inbox.put_now(Submission(self._sender, request, self.feed.resumed_at))

    def refuse_now(self, reject: Json) -> None:
        """Answer an op with a refusal, in its turn; there is room."""
        self._inbox.put_now(Refusal(self._sender, reject))

    async def refuse_new(self, request: OpRequest, refusal: Rejected) -> None:
        """Refuse an op, unless it is stored already: a repeat gets its ack from whoever sends it (DUP-1)."""
        submission = Submission(self._sender, request)
        try:
            is_stored = submission.is_late and await self._committer.is_stored(request)
        except (StorageUnavailable, trio.TooSlowError):
            refusal, is_stored = REFUSED, False
        if is_stored:
            await self._committer.submit(submission)
        else:
            op_id = None if request.op_id is None else str(request.op_id)
            await self.refuse(encode_reject(op_id, request.op.element, refusal))

    async def refuse(self, reject: Json) -> None:
        """Answer an op with a refusal, in its turn; waits as `submit` does."""
        await self._committer.submit(Refusal(self._sender, reject))

    def point(self, update: Pointer) -> None:
        """Move the session's pointer."""
        self._broadcast.point(self.profile.session, update)

    def rename(self, name: str, color: str) -> None:
        """Change how the session's person appears."""
        self.profile = replace(self.profile, name=name, color=color)
        self._broadcast.rename(self.profile)
