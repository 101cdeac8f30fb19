"""What a client says and hears, message by message, without a socket."""

from typing import Any

import msgspec
import pytest
import trio
from client.scripted_server import stroke, welcome
from trio.testing import wait_all_tasks_blocked

from whiteboard.client import Disconnected
from whiteboard.client.backoff import Backoff
from whiteboard.client.board import first_counter
from whiteboard.client.conversation import Conversation, Identity
from whiteboard.client.events import Json
from whiteboard.client.progress import Progress
from whiteboard.ids import ClientId

SET = {"type": "set", "id": "r", "props": {"x": 1}}
LOST = Disconnected(reason="gone")


class Copy:
    """A replica that notes which elements it holds."""

    def __init__(self) -> None:
        self.ids: set[str] = set()

    def apply(self, op: Json, /) -> None:
        self.ids.add(op["id"])

    def join(self, state: Json, /) -> None:
        self.ids.add(state["id"])


def part(seq: int, number: int, parts: int, *ids: str) -> Json:
    """A part of a snapshot."""
    elements = [{"id": one} for one in ids]
    return {"type": "snapshot", "seq": seq, "part": number, "parts": parts, "elements": elements}


class Talk:
    """A conversation, told what the server says."""

    def __init__(self, counter: int = 0) -> None:
        identity = Identity(ClientId("c-1"))
        self.it = Conversation(identity, Progress(None, None), Backoff(lambda low, _: low), Copy, counter)

    def hear(self, *messages: Json) -> None:
        """The server says these in one frame."""
        self.it.hear(messages, 100)

    def lose(self) -> None:
        """The connection is gone."""
        self.it.disconnect(LOST)
        self.it.backoff.next_delay()

    def post(self, op: Json = SET) -> None:
        """The program posts an op."""
        self.it.post(self.it.prepare(op))

    def say(self) -> list[Json]:
        """The messages of the next frame."""
        frame = self.it.next_frame()
        content: Any = [] if frame is None else msgspec.json.decode(frame)
        return content if isinstance(content, list) else [content]

    def seen(self) -> list[int | None]:
        """What the ops of the next frame say that their author had seen."""
        return [op.get("seen") for op in self.say()]

    @property
    def ids(self) -> set[str]:
        """What the replica holds."""
        assert isinstance(self.it.replica, Copy)
        return self.it.replica.ids


# --- what an op says that its author had seen ---------------------------------------------------


async def test_before_the_first_picture_the_server_says_what_was_seen() -> None:
    """An op made before a snapshot is whole leaves `seen` out, instead of claiming nothing. [ACC-3] [OP-4]"""
    talk = Talk()
    talk.hear(welcome(seq=9))
    talk.post()
    talk.hear(part(9, 1, 2))
    talk.post()
    talk.hear(part(9, 2, 2))
    talk.post()
    assert talk.seen() == [None, None, 9]


async def test_an_op_without_a_picture_claims_no_more_after_a_long_absence() -> None:
    """Sent on a later connection, such an op has seen what its author came to, not what was written since."""
    talk = Talk()
    talk.hear(welcome(seq=9))
    talk.lose()
    talk.post()
    talk.hear(welcome(seq=500))
    talk.post()
    assert talk.seen() == [9, None]


async def test_what_was_seen_stays_seen_through_a_resync() -> None:
    """Between a `resync` and its snapshot an op has seen what was whole before. [RES-12]"""
    talk = Talk()
    talk.hear(welcome(seq=3), part(3, 1, 1), stroke(4))
    talk.hear({"type": "resync", "reason": "too far behind"}, part(90, 1, 2))
    assert talk.it.progress.seq is None
    talk.post()
    talk.hear(part(90, 2, 2))
    talk.post()
    assert talk.seen() == [4, 90]


async def test_nothing_of_another_history_was_seen() -> None:
    """On a board that was begun anew, ops made before it have seen nothing; later ones what it has. [RES-5]"""
    talk = Talk()
    talk.hear(welcome(seq=50), part(50, 1, 1))
    talk.lose()
    talk.post()
    talk.hear(welcome(seq=9, epoch="epoch-2"))
    talk.post()
    talk.hear({"type": "resync", "reason": "another history"}, part(9, 1, 1))
    talk.post()
    assert talk.seen() == [0, None, 9]


# --- the replica ----------------------------------------------------------------------------------


async def test_a_replica_that_is_not_whole_is_not_gone_on_with() -> None:
    """A line that breaks within a snapshot leaves nothing: what was deleted since comes in none. [RES-6]"""
    talk = Talk()
    talk.hear(welcome(seq=10), part(10, 1, 2, "gone"))
    talk.lose()
    assert "since" not in talk.it.hello()
    talk.hear(welcome(seq=11), part(11, 1, 1, "here"))
    assert talk.ids == {"here"}


async def test_a_whole_replica_is_gone_on_with() -> None:
    """After a resumed connection the replica is the one of before. [RES-3]"""
    talk = Talk()
    talk.hear(welcome(seq=1), part(1, 1, 1, "here"))
    talk.lose()
    assert talk.it.hello()["since"] == 1
    talk.hear(welcome(seq=2), stroke(2, "new"))
    assert talk.ids == {"here", "new"}


# --- our own ops ------------------------------------------------------------------------------------


async def test_an_op_that_waits_for_room_is_ours_under_any_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client id handed out while an op waits for room reaches that op: it is not forged. [IDN-9]"""
    monkeypatch.setattr("whiteboard.client.conversation.MAX_CLIENT_PENDING_BYTES", 1)
    talk = Talk()
    talk.hear(welcome())
    talk.post()
    talk.lose()
    waiting = talk.it.prepare(SET)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(talk.it.pending.wait_turn, waiting)
        await wait_all_tasks_blocked()
        talk.hear(welcome(client="c-new", key="new"))
        assert [op["opId"] for op in talk.say()] == ["c-new:1"]
        talk.hear({"type": "ack", "opId": "c-new:1", "seq": 1})
    talk.it.post(waiting)
    assert [op["opId"] for op in talk.say()] == ["c-new:2"]


async def test_an_op_id_twice_is_told_at_once() -> None:
    """An op id that is pending is refused before anything waits or is sent."""
    talk = Talk()
    talk.hear(welcome())
    talk.post({**SET, "opId": "c-1:7"})
    with pytest.raises(ValueError, match="op c-1:7 is pending already"):
        talk.it.prepare({**SET, "opId": "c-1:7"})


async def test_nothing_is_said_beside_a_suspect() -> None:
    """While it is being found out which op an error was about, presence waits."""
    talk = Talk()
    talk.hear(welcome())
    talk.post()
    talk.say()
    talk.hear({"type": "error", "code": "bad_json", "reason": "?"})
    talk.it.say_aside({"type": "cursor", "x": 1, "y": 1})
    assert [message["type"] for message in talk.say()] == ["set"]
    assert talk.say() == []
    talk.hear({"type": "ack", "opId": "c-1:1", "seq": 1})
    assert [message["type"] for message in talk.say()] == ["cursor"]


async def test_suspects_are_nudged() -> None:
    """A suspect that gets neither an answer nor an error is given up in the end, and told."""
    talk = Talk()
    talk.hear(welcome())
    talk.post()
    talk.say()
    talk.hear({"type": "error", "code": "bad_json", "reason": "?"})
    for _ in range(10):
        talk.say()
        talk.it.nudge()
    assert len(talk.it.pending) == 0


# --- counters -----------------------------------------------------------------------------------------


async def test_counters_begin_above_those_of_earlier_runs() -> None:
    """A client that comes back at once counts above its ops of before, known to the server or not. [IDN-8]"""
    before = first_counter()
    talk = Talk(first_counter())
    talk.hear(welcome(clock={"c-1": 12}))
    talk.post()
    (op,) = talk.say()
    assert before < int(op["opId"].split(":")[1]) < 2**53


async def test_counters_begin_above_what_the_server_knows() -> None:
    """A wall clock that was set back does not bring a counter again that is stored. [HEL-5]"""
    talk = Talk(first_counter())
    talk.hear(welcome(clock={"c-1": 2**52}))
    talk.post()
    assert [op["opId"] for op in talk.say()] == [f"c-1:{2**52 + 1}"]
