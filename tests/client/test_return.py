"""Losing the server and coming back, against one that speaks scripted lines."""

import pytest
import trio
from client.hearing import let_in_and_stay, until
from client.scripted_server import Caller, scripted_server, stroke, welcome
from trio.testing import MockClock

from whiteboard.client import (
    Ack,
    Disconnected,
    Drain,
    OpEvent,
    Reconnected,
    Rejected,
    Resync,
    SnapshotPart,
    Welcome,
    open_board,
)
from whiteboard.client.events import Json
from whiteboard.errors import ConnectionLost


async def test_reconnect_resumes_and_resends_unacked(autojump_clock: MockClock) -> None:
    """After a loss the client says what it has, and sends unanswered ops again as they were. [ACK-5]"""
    hellos: list[Json] = []
    first: list[Json] = []
    second: list[Json] = []

    async def lose(caller: Caller) -> None:
        hellos.append(await caller.let_in())
        await caller.store(1)
        first.extend([await caller.hear(), await caller.hear()])
        await caller.drop()

    async def resume(caller: Caller) -> None:
        hellos.append(await caller.let_in(seq=2, session="session-2"))
        await caller.say(stroke(2, "other"))
        for seq in (3, 4):
            second.append(await caller.store(seq))
        await caller.stay()

    async with scripted_server(lose, resume) as url, open_board(url, "b", client="c-7") as board:
        await board.stroke([[0, 0]], element="s1")
        await board.reached(1)
        board.post({"type": "delete", "id": "s1"})
        answer = await board.restore("s1")
        assert isinstance(answer, Ack)
        assert answer.seq == 4
        await board.reached(4)
        assert await until(board, Disconnected) == Disconnected(reason="the connection was closed")
        assert await until(board, Reconnected) == Reconnected(attempts=1)
        assert (await until(board, Welcome)).session == "session-2"
        assert [(await until(board, OpEvent)).seq for _ in range(3)] == [2, 3, 4]
        assert board.pending_count == 0
    assert hellos[1] == {
        "type": "hello", "v": 1, "client": "c-7", "key": "secret", "since": 1, "epoch": "epoch-1",
        "compact": True,
    }  # fmt: skip
    assert second == first
    assert [op["seen"] for op in second] == [1, 1]


async def test_snapshot_broken_in_the_middle_does_not_count(autojump_clock: MockClock) -> None:
    """A connection lost between two snapshot parts leaves nothing to resume from."""
    hellos: list[Json] = []
    part = {"type": "snapshot", "seq": 9, "parts": 2, "elements": [{"id": "s1"}]}

    async def break_off(caller: Caller) -> None:
        await caller.hear()
        await caller.say(welcome(seq=9), {**part, "part": 1})
        await caller.drop()

    async def whole(caller: Caller) -> None:
        hellos.append(await caller.hear())
        await caller.say(welcome(seq=9), {**part, "part": 1}, {**part, "part": 2})
        await caller.stay()

    async with scripted_server(break_off, whole) as url, open_board(url, "b") as board:
        await board.reached(9)
        parts = [await until(board, SnapshotPart) for _ in range(3)]
        assert [one.part for one in parts] == [1, 1, 2]
    assert "since" not in hellos[0]


async def test_gap_is_asked_for() -> None:
    """When ops are missing the client asks for them once and counts on when they are there."""
    heard: list[Json] = []

    async def script(caller: Caller) -> None:
        await caller.let_in()
        await caller.say(stroke(1), stroke(3), stroke(4))
        heard.append(await caller.hear())
        await caller.say(stroke(2), stroke(3), stroke(4))
        await caller.store(5)
        await caller.stay()

    async with scripted_server(script) as url, open_board(url, "b") as board:
        await board.reached(4)
        await board.delete("s1")
    assert heard == [{"type": "sync", "since": 1}]


class Copy:
    """A replica that notes what it is told."""

    def __init__(self) -> None:
        self.states: list[str] = []
        self.ops: list[int] = []

    def apply(self, op: Json, /) -> None:
        self.ops.append(op["seq"])

    def join(self, state: Json, /) -> None:
        self.states.append(state["id"])


async def test_replica_follows_and_is_renewed_by_a_resync() -> None:
    """The replica gets states and ops; a `resync` begins a new one with the snapshot. [RES-6] [RES-12]"""
    states = [{"id": "a"}, {"id": "b"}]

    async def script(caller: Caller) -> None:
        await caller.hear()
        await caller.say(welcome(seq=1), {"type": "snapshot", "seq": 1, "elements": states})
        await caller.say(stroke(2), stroke(3))
        await caller.hear()
        await caller.say({"type": "resync", "reason": "too far behind"})
        await caller.say({"type": "snapshot", "seq": 7, "elements": states[:1]})
        await caller.stay()

    async with scripted_server(script) as url, open_board(url, "b", replica=Copy) as board:
        await board.reached(3)
        assert isinstance(board.replica, Copy)
        assert (board.replica.states, board.replica.ops) == (["a", "b"], [2, 3])
        board.post({"type": "delete", "id": "a"})
        await until(board, Resync)
        await board.reached(7)
        assert isinstance(board.replica, Copy)
        assert (board.replica.states, board.replica.ops) == (["a"], [])


async def test_other_epoch_makes_what_we_hold_count_no_more(autojump_clock: MockClock) -> None:
    """A board that began anew under the same name is not resumed into."""

    async def first(caller: Caller) -> None:
        await caller.let_in()
        await caller.say(stroke(1), stroke(2))
        await caller.hear()
        await caller.drop()

    async def second(caller: Caller) -> None:
        await caller.hear()
        await caller.say(welcome(seq=1, epoch="epoch-2"), {"type": "snapshot", "seq": 1, "elements": []})
        await caller.stay()

    async with scripted_server(first, second) as url, open_board(url, "b", replica=Copy) as board:
        await board.reached(2)
        board.post({"type": "delete", "id": "a"})
        await until(board, Reconnected)
        await until(board, SnapshotPart)
        assert (board.seq, board.epoch) == (1, "epoch-2")
        assert isinstance(board.replica, Copy)
        assert board.replica.ops == []


async def test_resume_of_an_earlier_run_says_since_and_epoch() -> None:
    """`since`, `epoch`, `client` and `key` of an earlier run are said; counters go on. [RES-2] [IDN-8]"""
    heard: list[Json] = []

    async def script(caller: Caller) -> None:
        heard.append(await caller.let_in(seq=5, clock={"c-7": 12}))
        heard.append(await caller.store(6))
        await caller.stay()

    async with scripted_server(script) as url:
        async with open_board(
            url, "b", client="c-7", key="mine", since=5, epoch="epoch-1", token="t"
        ) as board:
            await board.delete("s1")
    hello, op = heard
    assert hello == {
        "type": "hello", "v": 1, "client": "c-7", "key": "mine", "since": 5, "epoch": "epoch-1", "token": "t",
        "compact": True,
    }  # fmt: skip
    assert (op["opId"], op["seen"]) == ("c-7:13", 5)


async def test_other_client_id_is_taken() -> None:
    """A client id that the server hands out instead of ours is used from then on. [IDN-5]"""

    async def script(caller: Caller) -> None:
        await caller.hear()
        await caller.say(welcome(client="c-new", key="new"))
        await caller.store(1)
        await caller.stay()

    async with scripted_server(script) as url:
        async with open_board(url, "b", client="c-7", key="wrong") as board:
            assert (board.client, board.key) == ("c-new", "new")
            answer = await board.delete("s1")
            assert answer.op_id == "c-new:1"


async def test_other_client_id_on_return_refuses_what_was_sent(autojump_clock: MockClock) -> None:
    """Ops sent under a lost client id are refused, never sent twice; unsent ones get the new id."""
    heard: list[Json] = []

    async def first(caller: Caller) -> None:
        await caller.let_in()
        await caller.hear()
        await caller.drop()

    async def second(caller: Caller) -> None:
        await caller.hear()
        await caller.say(welcome(client="c-new", key="new"))
        heard.append(await caller.store(1))
        await caller.stay()

    async with scripted_server(first, second) as url, open_board(url, "b", client="c-7") as board:
        board.post({"type": "delete", "id": "sent"})
        await until(board, Disconnected)
        board.post({"type": "delete", "id": "unsent"})
        refused = await until(board, Rejected)
        assert (refused.op_id, refused.id, refused.code) == ("c-7:1", "sent", "forged")
        assert (await until(board, Ack)).op_id == "c-new:2"
    assert [op["id"] for op in heard] == ["unsent"]


@pytest.mark.parametrize("code", [4400, 4403, 4404, 4409])
async def test_final_close_code_ends_the_client(code: int) -> None:
    """After a code that says "not as you are" the events end and waiting calls raise. [CLS-2]"""

    async def script(caller: Caller) -> None:
        await caller.let_in()
        await caller.hear()
        await caller.socket.aclose(code, "enough")

    async with scripted_server(script) as url, open_board(url, "b") as board:
        with pytest.raises(ConnectionLost, match="enough"):
            await board.delete("s1")
        events = [event async for event in board.events()]
        assert events[-1] == Disconnected(reason=f"enough (close code {code})", code=code, is_final=True)
        with pytest.raises(ConnectionLost):
            await board.reached(99)
        with pytest.raises(ConnectionLost):
            board.post({"type": "delete", "id": "s1"})
        with pytest.raises(ConnectionLost):
            await board.flush()


@pytest.mark.parametrize("code", [1001, 4408, 4429, 4500, 4503])
async def test_other_close_codes_are_come_back_from(code: int, autojump_clock: MockClock) -> None:
    """After a code that says "later" the client comes back with what it had not been told. [CLS-2]"""

    async def refuse(caller: Caller) -> None:
        await caller.let_in()
        await caller.hear()
        await caller.socket.aclose(code, "later")

    async def take(caller: Caller) -> None:
        await caller.let_in()
        await caller.store(1)
        await caller.stay()

    async with scripted_server(refuse, take) as url, open_board(url, "b") as board:
        assert isinstance(await board.delete("s1"), Ack)
        lost = await until(board, Disconnected)
        assert (lost.code, lost.is_final) == (code, False)


async def test_drain_sets_the_time_of_return(autojump_clock: MockClock) -> None:
    """The delay before the next try lies within what the draining server asked for (R12)."""
    back: list[float] = []

    async def drain(caller: Caller) -> None:
        await caller.let_in()
        await caller.say({"type": "drain", "reconnect": [3, 4]})
        await caller.socket.aclose(1001, "drain")

    async def take(caller: Caller) -> None:
        back.append(trio.current_time())
        await let_in_and_stay(caller)

    async with scripted_server(drain, take) as url, open_board(url, "b") as board:
        began = trio.current_time()
        assert await until(board, Drain) == Drain(reconnect=(3.0, 4.0))
        await until(board, Reconnected)
    assert 3 <= back[0] - began <= 4.5


async def test_silent_server_is_left(autojump_clock: MockClock) -> None:
    """30 s after the last bytes from the server the connection counts as lost."""

    async def deaf(caller: Caller) -> None:
        await caller.let_in()
        caller.socket._stream.receive_some = never  # type: ignore[method-assign]  # a server gone silent
        await trio.sleep_forever()

    async def never(max_bytes: int | None = None) -> bytes:
        await trio.sleep_forever()
        raise AssertionError

    async with scripted_server(deaf, let_in_and_stay) as url, open_board(url, "b") as board:
        began = trio.current_time()
        lost = await until(board, Disconnected)
        assert "no sign of life for 30 s" in lost.reason
        assert 30 <= trio.current_time() - began <= 41
        await until(board, Reconnected)


async def test_heartbeat_keeps_a_quiet_connection(autojump_clock: MockClock) -> None:
    """Pings that are answered keep a connection on which nothing is said."""
    async with scripted_server(let_in_and_stay) as url, open_board(url, "b") as board:
        await trio.sleep(300)
        assert board.is_connected
        assert board.session == "session-1"
    async for event in board.events():
        assert not isinstance(event, Disconnected)


@pytest.mark.parametrize(
    "frame", ["no json", "[1]", '{"type":"ack"}', '{"type":"stroke","id":"s1"}', "binary"]
)
async def test_garbage_from_the_server_ends_the_connection(frame: str, autojump_clock: MockClock) -> None:
    """A server that does not speak the protocol is left and tried again later."""

    async def garbage(caller: Caller) -> None:
        await caller.let_in()
        await caller.socket.send_message(frame if frame != "binary" else b"\x00")
        await caller.stay()

    async with scripted_server(garbage, let_in_and_stay) as url, open_board(url, "b") as board:
        assert "server sent a" in (await until(board, Disconnected)).reason
        await until(board, Reconnected)
