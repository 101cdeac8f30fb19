"""`open_board` against a server that speaks scripted lines."""

from typing import TypeVar

import pytest
import trio
from client.scripted_server import Caller, ack, scripted_server, stamped, stroke, welcome
from trio.testing import MockClock, wait_all_tasks_blocked

from whiteboard.client import (
    Ack,
    BoardClient,
    Disconnected,
    Drain,
    Event,
    OpEvent,
    Reconnected,
    Rejected,
    Resync,
    RoleChanged,
    SnapshotPart,
    Welcome,
    open_board,
)
from whiteboard.client.events import Json
from whiteboard.errors import ConnectionLost
from whiteboard.limits import MAX_FRAME_BYTES

E = TypeVar("E", bound=Event)


async def until(board: BoardClient, kind: type[E]) -> E:
    """The next event of a kind; those before it are passed over."""
    async for event in board.events():
        if isinstance(event, kind):
            return event
    raise AssertionError(f"no {kind.__name__} came")


async def let_in_and_stay(caller: Caller) -> None:
    """Welcome the client and hear on until it leaves."""
    await caller.let_in()
    await caller.stay()


async def test_hello_names_client_and_welcome_gives_key() -> None:
    """The first message says who we are; the welcome gives session, key and history."""
    heard: list[Json] = []

    async def script(caller: Caller) -> None:
        heard.append(await caller.let_in(seq=4))
        await caller.stay()

    async with scripted_server(script) as url:
        async with open_board(url, "b", client="c-7", name="Ada", color="#123") as board:
            await board.reached(4)
            assert (board.client, board.key, board.session) == ("c-7", "secret", "session-1")
            assert (board.seq, board.epoch, board.role) == (4, "epoch-1", "editor")
    assert heard == [{"type": "hello", "v": 1, "client": "c-7", "name": "Ada", "color": "#123"}]


async def test_path_carries_base_and_query() -> None:
    """The socket is at `<base>/ws/{board}`, with the query of the server's URL. [CON-1]"""
    paths: list[str] = []

    async def script(caller: Caller) -> None:
        paths.append(caller.path)
        await let_in_and_stay(caller)

    async with scripted_server(script) as url:
        async with open_board(f"{url}/base/?token=t", "b"):
            pass
    assert paths == ["/base/ws/b?token=t"]


async def test_send_returns_ack() -> None:
    """`send` returns once the server acked the op, which says what its author had seen."""
    heard: list[Json] = []

    async def script(caller: Caller) -> None:
        await caller.let_in(seq=3)
        heard.append(await caller.store(4))
        await caller.stay()

    async with scripted_server(script) as url, open_board(url, "b", client="c-7") as board:
        await board.reached(3)
        answer = await board.stroke([[1, 2], [3, 4, 0.5]], element="s1", color="#000")
        assert answer == Ack(op_id="c-7:1", id="s1", seq=4, at=1, durable="disk")
        await board.reached(4)
    (op,) = heard
    points = [[1, 2], [3, 4, 0.5]]
    assert op == {
        "type": "stroke", "id": "s1", "points": points, "color": "#000", "opId": "c-7:1", "seen": 3
    }  # fmt: skip


async def test_every_kind_of_op_is_said_as_the_protocol_has_it() -> None:
    """Each drawing method says the message of its op."""
    heard: list[Json] = []

    async def script(caller: Caller) -> None:
        await caller.let_in()
        for seq in range(1, 8):
            heard.append(await caller.store(seq))
        await caller.stay()

    async with scripted_server(script) as url, open_board(url, "b", client="c-7") as board:
        await board.append("s1", 2, [[5, 6]])
        await board.shape("arrow", (1, 2, 3, 4), element="r1", color="red")
        await board.text("hi", 1, 2, element="t1")
        await board.set("r1", {"x": 5})
        await board.delete("r1")
        await board.restore("r1")
        await board.send({"type": "note", "id": "n1", "text": "n"})
    plain = [{k: v for k, v in op.items() if k not in {"opId", "seen"}} for op in heard]
    assert plain == [
        {"type": "append", "id": "s1", "from": 2, "points": [[5, 6]]},
        {"type": "shape", "id": "r1", "kind": "arrow", "x": 1, "y": 2, "w": 3, "h": 4, "color": "red"},
        {"type": "text", "id": "t1", "text": "hi", "x": 1, "y": 2},
        {"type": "set", "id": "r1", "props": {"x": 5}},
        {"type": "delete", "id": "r1"},
        {"type": "restore", "id": "r1"},
        {"type": "note", "id": "n1", "text": "n"},
    ]
    assert [op["opId"] for op in heard] == [f"c-7:{n}" for n in range(1, 8)]


async def test_refusal_is_a_value() -> None:
    """A refused op is returned as `Rejected`, not raised."""

    async def script(caller: Caller) -> None:
        await caller.let_in()
        op = await caller.hear()
        refusal = {"code": "bad_field", "reason": "not finite", "path": "$.x", "retry": False}
        await caller.say({"type": "reject", "opId": op["opId"], "id": "r1", **refusal})
        await caller.stay()

    async with scripted_server(script) as url, open_board(url, "b", client="c-7") as board:
        answer = await board.set("r1", {"x": 1})
        assert answer == Rejected(
            op_id="c-7:1", id="r1", code="bad_field", reason="not finite", path="$.x", retry=False
        )


async def test_oversize_op_is_refused_here() -> None:
    """An op above the frame limit is refused without a word to the server."""
    async with scripted_server(let_in_and_stay) as url, open_board(url, "b") as board:
        text = "x" * MAX_FRAME_BYTES
        answer = await board.text(text, 0, 0)
        assert isinstance(answer, Rejected)
        assert (answer.code, answer.retry) == ("too_large", False)
        posted = board.post({"type": "text", "id": "t", "x": 0, "y": 0, "text": text})
        assert (await until(board, Rejected)).op_id != str(posted)
        assert (await until(board, Rejected)).op_id == str(posted)


async def test_refused_op_can_be_posted_again_under_its_id() -> None:
    """An op refused with `retry` keeps its op id when the program posts it again. [REJ-4]"""

    async def script(caller: Caller) -> None:
        await caller.let_in()
        op = await caller.hear()
        await caller.say({"type": "reject", "opId": op["opId"], "code": "overloaded", "retry": True})
        await caller.store(1)
        await caller.stay()

    async with scripted_server(script) as url, open_board(url, "b", client="c-7") as board:
        refused = await board.delete("s1")
        assert isinstance(refused, Rejected)
        assert refused.retry
        again = await board.send({"type": "delete", "id": "s1", "opId": refused.op_id})
        assert isinstance(again, Ack)
        assert again.op_id == refused.op_id


async def test_wrong_use_is_an_error() -> None:
    """What is no op, or somebody else's op id, is a mistake of the program."""
    async with scripted_server(let_in_and_stay) as url, open_board(url, "b") as board:
        with pytest.raises(ValueError, match="no op type"):
            board.post({"type": "cursor", "x": 1, "y": 1})
        with pytest.raises(ValueError, match="no op id of client"):
            board.post({"type": "delete", "id": "s1", "opId": "c-other:1"})
        with pytest.raises(ValueError, match="no op id of client"):
            board.post({"type": "delete", "id": "s1", "opId": 7})
        board.post({"type": "delete", "id": "s1", "opId": f"{board.client}:5"})
        with pytest.raises(ValueError, match="pending already"):
            board.post({"type": "delete", "id": "s1", "opId": f"{board.client}:5"})
        assert board.post({"type": "delete", "id": "s1"}).counter == 6


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (("http://127.0.0.1:1", "../up", None), "no board id"),
        (("http://127.0.0.1:1", "b", "not a client"), "no client id"),
        (("127.0.0.1:1", "b", None), "not the URL of a server"),
    ],
)
async def test_bad_arguments_are_told(arguments: tuple[str, str, str | None], match: str) -> None:
    """A bad url, board or client id is told before anything is connected."""
    url, board, client = arguments
    with pytest.raises(ValueError, match=match):
        async with open_board(url, board, client=client):
            raise AssertionError("not reached")


async def test_first_connection_that_fails_is_raised() -> None:
    """When nobody listens, `open_board` raises ConnectionLost at once."""
    with pytest.raises(ConnectionLost, match="cannot connect"):
        async with open_board("http://127.0.0.1:1", "b"):
            raise AssertionError("not reached")


async def test_server_that_never_welcomes_is_given_up(autojump_clock: MockClock) -> None:
    """A server that takes the socket and says nothing is given up after CLIENT_CONNECT."""
    began = trio.current_time()
    async with scripted_server(Caller.stay) as url:
        with pytest.raises(ConnectionLost, match="no welcome"):
            async with open_board(url, "b"):
                raise AssertionError("not reached")
    assert trio.current_time() - began >= 10


async def test_what_the_body_raises_comes_out_alone() -> None:
    """An exception of the block is no exception group, and keeps its cause."""
    cause = KeyError("cause")
    async with scripted_server(let_in_and_stay) as url:
        with pytest.raises(LookupError) as caught:
            async with open_board(url, "b"):
                raise LookupError("mine") from cause
    assert caught.value.__cause__ is cause


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
        "type": "hello", "v": 1, "client": "c-7", "key": "secret", "since": 1, "epoch": "epoch-1"
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
        "type": "hello", "v": 1, "client": "c-7", "key": "mine", "since": 5, "epoch": "epoch-1", "token": "t"
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
        caller.socket._stream.receive_some = never  # type: ignore[method-assign]
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


async def test_presence_goes_out_newest_only() -> None:
    """Cursor moves made between two frames go out as one; ops go first."""
    heard: list[Json] = []

    async def script(caller: Caller) -> None:
        await caller.let_in()
        for _ in range(5):
            heard.append(await caller.hear())
        await caller.say(ack(heard[0], 1), stamped(heard[0], 1))
        await caller.stay()

    async with scripted_server(script) as url, open_board(url, "b") as board:
        await wait_all_tasks_blocked()
        board.cursor(1, 1)
        board.cursor(2, 2)
        board.laser([[1, 1]])
        board.follow("session-2")
        board.ping(7)
        await board.delete("s1")
    assert [message["type"] for message in heard] == ["delete", "cursor", "laser", "follow", "ping"]
    assert heard[1] == {"type": "cursor", "x": 2, "y": 2}


async def test_presence_is_not_kept_while_offline(autojump_clock: MockClock) -> None:
    """A cursor shown while there is no connection is not sent later."""
    heard: list[Json] = []

    async def lose(caller: Caller) -> None:
        await caller.let_in()
        await caller.drop()

    async def listen(caller: Caller) -> None:
        await caller.let_in()
        heard.append(await caller.store(1))
        await caller.stay()

    async with scripted_server(lose, listen) as url, open_board(url, "b") as board:
        await until(board, Disconnected)
        board.cursor(1, 1)
        await until(board, Reconnected)
        await board.delete("s1")
    assert heard[0]["type"] == "delete"


async def test_posts_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """`post` does not take more than fits; `send` waits for room."""
    monkeypatch.setattr("whiteboard.client.conversation.MAX_CLIENT_PENDING_BYTES", 200)
    go = trio.Event()

    async def script(caller: Caller) -> None:
        await caller.let_in()
        op = await caller.hear()
        await go.wait()
        await caller.say(ack(op, 1), stamped(op, 1))
        await caller.store(2)
        await caller.stay()

    async with scripted_server(script) as url, open_board(url, "b") as board:
        board.post({"type": "delete", "id": "s" * 100})
        with pytest.raises(trio.WouldBlock):
            board.post({"type": "delete", "id": "s" * 100})
        async with trio.open_nursery() as nursery:
            nursery.start_soon(board.delete, "t" * 100)
            await wait_all_tasks_blocked()
            assert board.pending_count == 1
            go.set()


async def test_role_and_errors_are_told() -> None:
    """A new role is known at once; an error that names an op is that op's answer. [HEL-12]"""

    async def script(caller: Caller) -> None:
        await caller.let_in()
        await caller.say({"type": "role", "role": "viewer"})
        op = await caller.hear()
        await caller.say({"type": "error", "code": "too_deep", "reason": "r", "opId": op["opId"]})
        await caller.stay()

    async with scripted_server(script) as url, open_board(url, "b") as board:
        assert (await until(board, RoleChanged)).role == "viewer"
        assert board.role == "viewer"
        answer = await board.delete("s1")
        assert isinstance(answer, Rejected)
        assert answer.code == "too_deep"


async def test_client_id_that_is_none_ends_the_connection() -> None:
    """A server that hands out something else than a client id is not believed."""

    async def script(caller: Caller) -> None:
        await caller.hear()
        await caller.say(welcome(client="no client id"))
        await caller.stay()

    async with scripted_server(script) as url:
        with pytest.raises(ConnectionLost, match="bad client id"):
            async with open_board(url, "b"):
                raise AssertionError("not reached")


async def test_requests_are_said() -> None:
    """`sync` asks for ops again."""
    heard: list[Json] = []

    async def script(caller: Caller) -> None:
        await caller.let_in()
        heard.append(await caller.hear())
        await caller.say(stroke(1))
        await caller.stay()

    async with scripted_server(script) as url, open_board(url, "b") as board:
        board.sync(0)
        await until(board, OpEvent)
    assert heard == [{"type": "sync", "since": 0}]


async def test_flush_waits_for_all_answers() -> None:
    """`flush` returns when each posted op has been acked or refused."""

    async def script(caller: Caller) -> None:
        await caller.let_in()
        for seq in range(1, 21):
            await caller.store(seq)
        await caller.stay()

    async with scripted_server(script) as url, open_board(url, "b") as board:
        for number in range(20):
            board.post({"type": "delete", "id": f"s{number}"})
        assert board.pending_count == 20
        await board.flush()
        assert board.pending_count == 0


async def test_cancelled_send_leaves_the_op_posted(autojump_clock: MockClock) -> None:
    """An op whose `send` was cancelled still goes out and is answered by an event."""
    stored = trio.Event()

    async def script(caller: Caller) -> None:
        await caller.let_in()
        op = await caller.hear()
        await stored.wait()
        await caller.say(ack(op, 1), stamped(op, 1))
        await caller.stay()

    async with scripted_server(script) as url, open_board(url, "b") as board:
        with trio.move_on_after(1) as patience:
            await board.delete("s1")
        assert patience.cancelled_caught
        assert board.pending_count == 1
        stored.set()
        assert (await until(board, Ack)).seq == 1


async def test_cancellation_says_goodbye(autojump_clock: MockClock) -> None:
    """A cancelled block closes its socket with a close frame, and leaves no task behind."""
    ended: list[int] = []

    async def script(caller: Caller) -> None:
        await caller.let_in()
        await caller.stay()
        assert caller.socket.closed is not None
        ended.append(caller.socket.closed.code)

    async def stay_forever(url: str) -> None:
        async with open_board(url, "b"):
            await trio.sleep_forever()

    async with scripted_server(script) as url:
        with trio.move_on_after(5):
            await stay_forever(url)
        await wait_all_tasks_blocked()
    assert ended == [1000]


async def test_waiting_calls_end_when_the_board_is_left() -> None:
    """What waits on a board that was left gets ConnectionLost instead of hanging."""
    async with scripted_server(let_in_and_stay) as url:
        async with open_board(url, "b") as board:
            board.post({"type": "delete", "id": "s1"})
        with pytest.raises(ConnectionLost, match="was left"):
            await board.delete("s1")
        with pytest.raises(ConnectionLost, match="was left"):
            await board.reached(1)
