"""`open_board` against a server that speaks scripted lines."""

import msgspec
import pytest
import trio
from client.hearing import let_in_and_stay, until
from client.scripted_server import Caller, ack, scripted_server, stamped, stroke, welcome
from trio.testing import MockClock, wait_all_tasks_blocked

from whiteboard import timeouts
from whiteboard.client import (
    Ack,
    Disconnected,
    OpEvent,
    Reconnected,
    Rejected,
    RoleChanged,
    open_board,
)
from whiteboard.client.events import Json
from whiteboard.errors import ConnectionLost, OpTooLarge, OpUnanswered
from whiteboard.limits import MAX_CLIENT_STRIKES


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
    assert heard == [
        {"type": "hello", "v": 1, "client": "c-7", "name": "Ada", "color": "#123", "compact": True}
    ]


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


async def test_oversize_op_fails_here() -> None:
    """An op above the server's frame bound fails at once, without a word to the server. [LIM-1] [CON-9]"""
    limits = {"frameBytes": 4_000, "batch": 2000}
    heard: list[Json] = []

    async def script(caller: Caller) -> None:
        await caller.let_in(limits=limits)
        heard.append(await caller.store(1))
        await caller.stay()

    async with scripted_server(script) as url, open_board(url, "b") as board:
        await board.reached(0)
        with pytest.raises(OpTooLarge, match="a frame of this server 4000 at most"):
            await board.text("x" * 4_000, 0, 0)
        with pytest.raises(OpTooLarge):
            board.post({"type": "text", "id": "t", "x": 0, "y": 0, "text": "x" * 4_000})
        await board.delete("s1")
    assert [op["type"] for op in heard] == ["delete"]


async def test_the_largest_op_goes_out_alone() -> None:
    """An op as large as a frame is sent as it is, without the brackets of a batch. [LIM-3]"""
    frames: list[str | bytes] = []

    async def script(caller: Caller) -> None:
        await caller.let_in(limits={"frameBytes": 300, "batch": 2000})
        frames.append(await caller.socket.get_message())
        op = msgspec.json.decode(frames[0])
        await caller.say(ack(op, 1))
        await caller.stay()

    async with scripted_server(script) as url, open_board(url, "b", client="c-7") as board:
        await board.reached(0)
        op = {"type": "text", "id": "t", "text": ""}
        room = 300 - len(msgspec.json.encode({**op, "opId": "c-7:1", "seen": 0}))
        assert isinstance(await board.send({**op, "text": "x" * room}), Ack)
    assert len(frames[0]) == 300


async def test_batches_keep_to_the_servers_bound() -> None:
    """No frame has more messages than `limits.batch`, nor more bytes than `limits.frameBytes`. [LIM-1]"""
    frames: list[str | bytes] = []

    async def script(caller: Caller) -> None:
        await caller.let_in(limits={"frameBytes": 300, "batch": 3})
        seq = 0
        while seq < 20:
            frames.append(await caller.socket.get_message())
            content = msgspec.json.decode(frames[-1])
            for op in content if isinstance(content, list) else [content]:
                seq += 1
                await caller.say(ack(op, seq))
        await caller.stay()

    async with scripted_server(script) as url, open_board(url, "b") as board:
        await board.reached(0)
        for number in range(20):
            board.post({"type": "delete", "id": "s" * (7 * number)})
        await board.flush()
    assert max(len(frame) for frame in frames) <= 300
    assert max(str(frame).count('"delete"') for frame in frames) == 3


async def test_an_op_that_gets_only_errors_fails(autojump_clock: MockClock) -> None:
    """The op that an `error` answers ends with an exception; those in its frame are stored. [CON-8]"""
    stored: list[str] = []

    async def script(caller: Caller) -> None:
        await caller.let_in()
        while True:
            content = msgspec.json.decode(await caller.socket.get_message())
            ops = content if isinstance(content, list) else [content]
            if any(op["id"] == "deep" for op in ops):
                await caller.say({"type": "error", "code": "too_deep", "reason": "nested"})
                continue
            for op in ops:
                stored.append(op["id"])
                await caller.say(ack(op, len(stored)))

    async with scripted_server(script) as url, open_board(url, "b", client="c-7") as board:
        await board.reached(0)
        for number in range(10):
            board.post({"type": "delete", "id": f"before-{number}"})
        with pytest.raises(OpUnanswered, match=r"op c-7:11 was passed over .*: too_deep: nested"):
            await board.set("deep", {"v": 1})
        board.post({"type": "set", "id": "deep", "props": {"v": 2}})
        assert isinstance(await board.delete("after"), Ack)
        await board.flush()
        refused = [await until(board, Rejected) for _ in range(2)]
    assert stored == [*(f"before-{number}" for number in range(10)), "after"]
    assert [(one.op_id, one.code) for one in refused] == [("c-7:11", "unanswered"), ("c-7:12", "unanswered")]


async def test_an_op_that_gets_nothing_after_an_error_fails_too(autojump_clock: MockClock) -> None:
    """A server that goes silent about an op that it has complained of keeps nobody waiting for ever."""

    async def script(caller: Caller) -> None:
        await caller.let_in()
        await caller.hear()
        await caller.say({"type": "error", "code": "bad_json", "reason": "?"})
        await caller.stay()

    async with scripted_server(script) as url, open_board(url, "b") as board:
        began = trio.current_time()
        with pytest.raises(OpUnanswered, match="nothing"):
            await board.delete("s1")
        assert trio.current_time() - began <= 2 * MAX_CLIENT_STRIKES * timeouts.CLIENT_ANSWER.seconds + 1
        assert board.is_connected


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


class Full:
    """A replica that takes nothing."""

    def apply(self, op: Json, /) -> None:
        raise OverflowError(op["id"])

    def join(self, state: Json, /) -> None:
        raise OverflowError(state["id"])


async def test_what_a_replica_raises_ends_the_block() -> None:
    """A replica that cannot take an op ends the stay with its own exception."""

    async def script(caller: Caller) -> None:
        await caller.let_in()
        await caller.say(stroke(1))
        await caller.stay()

    async with scripted_server(script) as url:
        with pytest.raises(OverflowError, match="s1"):
            async with open_board(url, "b", replica=Full):
                await trio.sleep_forever()


async def test_an_empty_replica_cannot_go_on_from_somewhere() -> None:
    """`since` together with `replica` is a mistake of the program, told before anything is connected."""
    with pytest.raises(ValueError, match="leave one of the two out"):
        async with open_board("http://127.0.0.1:1", "b", since=5, replica=Full):
            raise AssertionError("not reached")


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
